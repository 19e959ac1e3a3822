import { type Allowance, findExcess } from '../access/giving.ts'
import type { Actor, Principal } from '../access/model.ts'
import type { Database } from '../platform/db/database.ts'
import type { Page } from '../platform/db/list.ts'
import { DomainError } from '../platform/errors.ts'
import { emit } from '../platform/events/outbox.ts'
import { countBindings, deleteBindingsOfRole } from './bindings/store.ts'
import { checkRoleName, checkWords, isBuiltIn, type Level, type Role, type Words } from './model.ts'
import * as store from './store.ts'

export interface RolesDeps {
  db: Database
  /** How many members of projects have the role. From `members`. */
  countMembers(db: Database, roleId: number): Promise<number>
  /** Takes the role away from all members of projects. From `members`. */
  removeMembers(tx: Database, roleId: number): Promise<void>
  /** Told after the commit, so that this process forgets at once what it remembers of anybody's roles. */
  onGrantsChanged(): void
}

/** Who asks: nobody makes a role that allows what he may not do himself. */
export interface Caller {
  principal: Principal
  actor: Actor
}

/** What a change carries; what is absent stays. */
export interface RoleChange {
  name?: string | undefined
  description?: string | undefined
  system?: readonly string[] | undefined
  project?: readonly string[] | undefined
}

/** One page of the roles that match, and how many do. */
export async function listRoles(
  deps: Pick<RolesDeps, 'db'>,
  filter: store.RoleFilter,
  page: Page,
): Promise<{ roles: Role[]; total: number }> {
  const [roles, total] = await Promise.all([
    store.selectRoles(deps.db, filter, page),
    store.countRoles(deps.db, filter),
  ])
  return { roles, total }
}

/** The role of that id. Throws not-found. */
export async function getRole(deps: Pick<RolesDeps, 'db'>, id: number): Promise<Role> {
  const role = await store.findRole(deps.db, id)
  if (!role) throw missing(id)
  return role
}

/** Makes a role and answers its id. Throws bad-request, forbidden for more than the caller has, conflict. */
export async function createRole(
  deps: RolesDeps,
  { principal, actor }: Caller,
  input: { name: string; description: string; level: Level; words: Words },
): Promise<number> {
  const { name, description, level } = input
  checkRoleName(name)
  const allows = checkWords(level, input.words)
  refuseExcess(principal, allows)
  return await deps.db.transaction().execute(async (tx) => {
    const id = await store.insertRole(tx, { name, description, level, allows })
    if (id === undefined) throw taken(name)
    await emit(tx, { type: 'role.created', payload: { roleId: id, name, level, allows, actor } })
    return id
  })
}

/**
 * Changes a role, for everybody who has it. Throws as `createRole`, not-found, and forbidden for built-in
 * roles. What the role allows already the caller need not have himself.
 */
export async function changeRole(
  deps: RolesDeps,
  { principal, actor }: Caller,
  id: number,
  change: RoleChange,
): Promise<void> {
  await deps.db.transaction().execute(async (tx) => {
    const role = await lockCustomRole(tx, id)
    const { name = role.name, description = role.description } = change
    const { system = role.allows.system, project = role.allows.project } = change
    checkRoleName(name)
    const allows = checkWords(role.level, { system, project })
    refuseExcess(principal, {
      system: allows.system.filter((word) => !role.allows.system.includes(word)),
      project: allows.project.filter((word) => !role.allows.project.includes(word)),
    })
    if (!(await store.updateRole(tx, { id, name, description, allows }))) throw taken(name)
    const payload = { roleId: id, name, formerName: role.name, level: role.level, allows, actor }
    await emit(tx, { type: 'role.updated', payload })
  })
  deps.onGrantsChanged()
}

/**
 * Deletes a role. Throws not-found, forbidden for built-in roles, and precondition-failed while somebody has
 * it, unless `force`: then nobody has it any more.
 */
export async function removeRole(deps: RolesDeps, actor: Actor, id: number, force: boolean): Promise<void> {
  await deps.db.transaction().execute(async (tx) => {
    const role = await lockCustomRole(tx, id)
    const holders = (await deps.countMembers(tx, id)) + (await countBindings(tx, id))
    if (holders > 0 && !force) {
      throw new DomainError(
        'precondition-failed',
        `the role ${role.name} is given to ${holders}, take it away first`,
      )
    }
    await deleteBindingsOfRole(tx, id)
    await deps.removeMembers(tx, id)
    await store.deleteRole(tx, id)
    await emit(tx, { type: 'role.deleted', payload: { roleId: id, name: role.name, holders, actor } })
  })
  deps.onGrantsChanged()
}

/** Throws forbidden where the caller cannot give this because he may not do it himself. */
export function refuseExcess(principal: Principal, allows: Allowance): void {
  const excess = findExcess(principal, allows)
  if (excess !== undefined) {
    throw new DomainError('forbidden', `nobody may give more than he has himself: ${excess}`)
  }
}

async function lockCustomRole(tx: Database, id: number): Promise<Role> {
  const role = await store.findRole(tx, id, 'update')
  if (!role) throw missing(id)
  if (isBuiltIn(role)) throw new DomainError('forbidden', `the role ${role.name} is built in`)
  return role
}

function missing(id: number): DomainError {
  return new DomainError('not-found', `role ${id} not found`)
}

function taken(name: string): DomainError {
  return new DomainError('conflict', `role ${name} already exists`)
}
