import type { Actor, Principal, ProjectContext } from '../access/model.ts'
import type { Role } from '../access/roles.ts'
import type { Database } from '../platform/db/database.ts'
import type { Page } from '../platform/db/list.ts'
import { DomainError } from '../platform/errors.ts'
import { emit } from '../platform/events/outbox.ts'
import { findProject } from '../projects/service.ts'
import { findUser, findUserByName } from '../users/store.ts'
import { findContexts } from './context-store.ts'
import type { Member } from './model.ts'
import { countMembers, deleteMember, findMember, insertMember, selectMembers, updateRole } from './store.ts'

export interface MembersDeps {
  db: Database
}

/**
 * The live project of that id (or of that name where `byName` or where it is no number) together with the
 * roles the caller has in it: what decisions are about.
 */
export async function findProjectContext(
  deps: MembersDeps,
  principal: Principal,
  nameOrId: string,
  byName: boolean,
): Promise<(ProjectContext & { name: string }) | undefined> {
  const project = await findProject(deps, nameOrId, byName)
  if (!project) return undefined
  const { name } = project
  const userId = principal.kind === 'user' ? principal.id : undefined
  const [context] = await findContexts(deps.db, [{ name, userId }])
  // The name may have become another project's since.
  return context?.id === project.id ? context : undefined
}

/** For `createProject`: whoever creates a project administers it. Within the caller's transaction. */
export async function addProjectAdmin(tx: Database, projectId: number, userId: number): Promise<void> {
  await insertMember(tx, projectId, userId, 'projectAdmin')
}

/** One page of the members whose name starts with `prefix`, by name, and how many there are. */
export async function listMembers(
  deps: MembersDeps,
  projectId: number,
  { prefix, page }: { prefix: string; page: Page },
): Promise<{ members: Member[]; total: number }> {
  const [members, total] = await Promise.all([
    selectMembers(deps.db, projectId, prefix, page),
    countMembers(deps.db, projectId, prefix),
  ])
  return { members, total }
}

/** The member of that id. Throws not-found also where it belongs to another project. */
export async function getMember(deps: MembersDeps, projectId: number, id: number): Promise<Member> {
  const member = await findMember(deps.db, projectId, id)
  if (!member) throw missing(projectId, id)
  return member
}

/**
 * Gives a user a role in a project and answers the member's id. Throws not-found for an unknown name,
 * bad-request for an unknown id, conflict where the user has a role there already.
 */
export async function addMember(
  deps: MembersDeps,
  projectId: number,
  { user, role }: { user: { id: number } | { username: string }; role: Role },
  actor: Actor,
): Promise<number> {
  return await deps.db.transaction().execute(async (tx) => {
    const found = 'id' in user ? await findUser(tx, user.id) : await findUserByName(tx, user.username)
    if (!found) {
      if ('id' in user) throw new DomainError('bad-request', `user ${user.id} not found`)
      throw new DomainError('not-found', `user ${user.username} is not found`)
    }
    const id = await insertMember(tx, projectId, found.id, role)
    if (id === undefined) throw new DomainError('conflict', 'The project member specified already exist')
    const payload = { projectId, memberId: id, userId: found.id, username: found.username, role, actor }
    await emit(tx, { type: 'member.created', payload })
    return id
  })
}

/** Throws not-found where the project has no such member. */
export async function changeRole(
  deps: MembersDeps,
  projectId: number,
  id: number,
  role: Role,
  actor: Actor,
): Promise<void> {
  await deps.db.transaction().execute(async (tx) => {
    const member = await findMember(tx, projectId, id)
    if (!member || !(await updateRole(tx, projectId, id, role))) throw missing(projectId, id)
    await emit(tx, { type: 'member.updated', payload: { ...namesOf(member), role, actor } })
  })
}

/** Throws not-found where the project has no such member. */
export async function removeMember(
  deps: MembersDeps,
  projectId: number,
  id: number,
  actor: Actor,
): Promise<void> {
  await deps.db.transaction().execute(async (tx) => {
    const member = await findMember(tx, projectId, id)
    if (!member || !(await deleteMember(tx, projectId, id))) throw missing(projectId, id)
    await emit(tx, { type: 'member.deleted', payload: { ...namesOf(member), actor } })
  })
}

function namesOf({ projectId, id, entityName }: Member) {
  return { projectId, memberId: id, username: entityName }
}

function missing(projectId: number, id: number): DomainError {
  return new DomainError(
    'not-found',
    `the project member is not found, project id ${projectId}, member id ${id}`,
  )
}
