import type { Actor, PermissionSet } from '../../access/model.ts'
import { findGroup } from '../../groups/store.ts'
import type { Database } from '../../platform/db/database.ts'
import type { Page } from '../../platform/db/list.ts'
import { DomainError } from '../../platform/errors.ts'
import { emit } from '../../platform/events/outbox.ts'
import { findUser } from '../../users/store.ts'
import { grantsOf } from '../model.ts'
import { type Caller, getRole, type RolesDeps, refuseExcess } from '../service.ts'
import { findRole } from '../store.ts'
import {
  type Binding,
  countBindings,
  deleteBinding,
  type Holder,
  insertBinding,
  selectBindings,
  selectHeldRoles,
} from './store.ts'

/** One page of those who have a role of the system, and how many do. Throws not-found. */
export async function listBindings(
  deps: Pick<RolesDeps, 'db'>,
  roleId: number,
  page: Page,
): Promise<{ bindings: Binding[]; total: number }> {
  await getRole(deps, roleId)
  const [bindings, total] = await Promise.all([
    selectBindings(deps.db, roleId, page),
    countBindings(deps.db, roleId),
  ])
  return { bindings, total }
}

/**
 * Gives a user or group a role of the system and answers the id of the binding. Throws not-found, bad-request
 * for a role of projects or an unknown holder, forbidden where the role allows more than the caller may,
 * conflict where the holder has it already.
 */
export async function bindRole(
  deps: RolesDeps,
  { principal, actor }: Caller,
  roleId: number,
  holder: Holder,
): Promise<number> {
  const id = await deps.db.transaction().execute(async (tx) => {
    // Nobody widens the role between the look and the gift.
    const role = await findRole(tx, roleId, 'share')
    if (!role) throw new DomainError('not-found', `role ${roleId} not found`)
    if (role.level !== 'system') {
      throw new DomainError('bad-request', `the role ${role.name} is given to members of projects`)
    }
    refuseExcess(principal, role.allows)
    const name = await nameOf(tx, holder)
    if (name === undefined)
      throw new DomainError('bad-request', `there is no such user or group: ${holder.id}`)
    const bound = await insertBinding(tx, roleId, holder)
    if (bound === undefined) throw new DomainError('conflict', `${name} has the role ${role.name} already`)
    await emit(tx, { type: 'role.bound', payload: payloadOf(role, holder, name, actor) })
    return bound
  })
  deps.onGrantsChanged()
  return id
}

/** Takes a role of the system away. Throws not-found, also for a binding of another role. */
export async function unbindRole(
  deps: RolesDeps,
  actor: Actor,
  roleId: number,
  bindingId: number,
): Promise<void> {
  await deps.db.transaction().execute(async (tx) => {
    const role = await getRole({ db: tx }, roleId)
    const holder = await deleteBinding(tx, roleId, bindingId)
    if (!holder) throw new DomainError('not-found', `binding ${bindingId} of role ${roleId} not found`)
    const name = (await nameOf(tx, holder)) ?? ''
    await emit(tx, { type: 'role.unbound', payload: payloadOf(role, holder, name, actor) })
  })
  deps.onGrantsChanged()
}

/** What the user's roles of the system allow him together; undefined where he has none. */
export async function findGrants(db: Database, userId: number): Promise<PermissionSet | undefined> {
  return grantsOf((await selectHeldRoles(db, userId)).map(({ allows }) => allows))
}

async function nameOf(tx: Database, { type, id }: Holder): Promise<string | undefined> {
  return type === 'u' ? (await findUser(tx, id))?.username : (await findGroup(tx, id))?.name
}

function payloadOf(role: { id: number; name: string }, holder: Holder, name: string, actor: Actor) {
  const { type: entityType, id: entityId } = holder
  return { roleId: role.id, name: role.name, entityType, entityId, entityName: name, actor }
}
