import type { Actor, Principal, ProjectContext } from '../access/model.ts'
import { ROLE_IDS } from '../access/roles.ts'
import type { GroupsDeps } from '../groups/service.ts'
import type { Database } from '../platform/db/database.ts'
import type { Page } from '../platform/db/list.ts'
import { DomainError } from '../platform/errors.ts'
import { emit } from '../platform/events/outbox.ts'
import { findProject } from '../projects/service.ts'
import { findContexts } from './context-store.ts'
import { findGivenRole } from './given-role.ts'
import { identify } from './identify.ts'
import type { Candidate, Member } from './model.ts'
import { countMembers, deleteMember, findMember, insertMember, selectMembers, updateRole } from './store.ts'

export interface MembersDeps {
  db: Database
}

/** The project that a change is about, with what the caller may do there and the name that events carry. */
export type ProjectRef = ProjectContext & { name: string }

/** Who asks: nobody gives a role that allows what he may not do himself. */
export interface Caller {
  principal: Principal
  actor: Actor
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
  await insertMember(tx, projectId, { type: 'u', id: userId }, ROLE_IDS.projectAdmin)
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
 * Gives a user or group a role in a project and answers the member's id. Throws not-found for an unknown name,
 * bad-request for an unknown user id or role, forbidden for a role that allows more than the caller may, conflict
 * where he has a role there already.
 */
export async function addMember(
  deps: MembersDeps & GroupsDeps,
  project: ProjectRef,
  { candidate, roleId }: { candidate: Candidate; roleId: number | undefined },
  { principal, actor }: Caller,
): Promise<number> {
  await findGivenRole(deps.db, principal, project, roleId)
  const found = await identify(deps, candidate, actor)
  return await deps.db.transaction().execute(async (tx) => {
    const role = await findGivenRole(tx, principal, project, roleId)
    const id = await insertMember(tx, project.id, found, role.id)
    if (id === undefined) throw new DomainError('conflict', 'The project member specified already exist')
    const names = { entityType: found.type, entityId: found.id, name: found.name }
    const payload = { ...ofProject(project), memberId: id, ...names, role: role.name, actor }
    await emit(tx, { type: 'member.created', payload })
    return id
  })
}

/** Throws not-found where the project has no such member. */
export async function changeRole(
  deps: MembersDeps,
  project: ProjectRef,
  id: number,
  roleId: number | undefined,
  { principal, actor }: Caller,
): Promise<void> {
  await deps.db.transaction().execute(async (tx) => {
    const role = await findGivenRole(tx, principal, project, roleId)
    const member = await findMember(tx, project.id, id)
    if (!member || !(await updateRole(tx, project.id, id, role.id))) throw missing(project.id, id)
    await emit(tx, {
      type: 'member.updated',
      payload: { ...ofProject(project), ...namesOf(member), role: role.name, actor },
    })
  })
}

/** Throws not-found where the project has no such member. */
export async function removeMember(
  deps: MembersDeps,
  project: ProjectRef,
  id: number,
  actor: Actor,
): Promise<void> {
  await deps.db.transaction().execute(async (tx) => {
    const member = await findMember(tx, project.id, id)
    if (!member || !(await deleteMember(tx, project.id, id))) throw missing(project.id, id)
    await emit(tx, { type: 'member.deleted', payload: { ...ofProject(project), ...namesOf(member), actor } })
  })
}

function ofProject({ id, name }: ProjectRef) {
  return { projectId: id, projectName: name }
}

function namesOf({ id, entityType, entityId, entityName }: Member) {
  return { memberId: id, entityType, entityId, name: entityName }
}

function missing(projectId: number, id: number): DomainError {
  return new DomainError(
    'not-found',
    `the project member is not found, project id ${projectId}, member id ${id}`,
  )
}
