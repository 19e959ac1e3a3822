import type { Actor } from '../access/model.ts'
import type { Database } from '../platform/db/database.ts'
import type { Page } from '../platform/db/list.ts'
import { DomainError } from '../platform/errors.ts'
import { emit } from '../platform/events/outbox.ts'
import {
  checkGroupKind,
  checkGroupName,
  type ForeignGroup,
  GROUP_TYPES,
  type Group,
  normalDn,
} from './model.ts'
import * as store from './store.ts'

export interface GroupsDeps {
  db: Database
  /** The name of the group with that distinguished name in the directory; undefined where there is none. */
  findInDirectory(ldapDn: string): Promise<string | undefined>
  /** Told after the commit, so that what is remembered of the roles of its members is forgotten. */
  onGroupDeleted?(): void
}

/** One page of the groups that match, and how many do. */
export async function listGroups(
  deps: Pick<GroupsDeps, 'db'>,
  filter: store.GroupFilter,
  order: 'name' | 'length',
  page: Page,
): Promise<{ groups: Group[]; total: number }> {
  const [groups, total] = await Promise.all([
    store.selectGroups(deps.db, filter, order, page),
    store.countGroups(deps.db, filter),
  ])
  return { groups, total }
}

/** The group of that id. Throws not-found. */
export async function getGroup(deps: Pick<GroupsDeps, 'db'>, id: number): Promise<Group> {
  const group = await store.findGroup(deps.db, id)
  if (!group) throw missing(id)
  return group
}

/**
 * Creates a group and answers its id. An LDAP group must be in the directory, and has its name there unless
 * another is given. Throws bad-request for what is none, conflict where there is one of that name already.
 */
export async function createGroup(deps: GroupsDeps, input: ForeignGroup, actor: Actor): Promise<number> {
  const group = await checked(deps, input)
  return await deps.db.transaction().execute((tx) => addGroup(tx, group, actor))
}

/**
 * The LDAP group of that distinguished name, made known to us if the directory has it and we do not. Throws
 * bad-request where the directory has none.
 */
export async function ensureLdapGroup(
  deps: GroupsDeps,
  dn: string,
  name: string | undefined,
  actor: Actor,
): Promise<Group> {
  const ldapDn = normalDn(dn)
  const known = await store.findGroupByDn(deps.db, ldapDn)
  if (known) return known
  const id = await createGroup(deps, { name: name ?? '', type: GROUP_TYPES.ldap, ldapDn }, actor)
  return await getGroup(deps, id)
}

/** Throws not-found, bad-request for a name that is none, conflict for one that is taken. */
export async function renameGroup(
  deps: Pick<GroupsDeps, 'db'>,
  id: number,
  name: string,
  actor: Actor,
): Promise<void> {
  checkGroupName(name)
  await deps.db.transaction().execute(async (tx) => {
    const outcome = await store.updateGroupName(tx, id, name)
    if (outcome === 'absent') throw missing(id)
    if (outcome === 'taken') throw new DomainError('conflict', `user group ${name} already exists`)
    await emit(tx, { type: 'group.updated', payload: { groupId: id, name, actor } })
  })
}

/** Deletes a group: whatever anybody had through it he has no longer. Throws not-found. */
export async function deleteGroup(
  deps: Pick<GroupsDeps, 'db' | 'onGroupDeleted'>,
  id: number,
  actor: Actor,
): Promise<void> {
  await deps.db.transaction().execute(async (tx) => {
    const group = await store.deleteGroup(tx, id)
    if (!group) throw missing(id)
    await emit(tx, { type: 'group.deleted', payload: { groupId: id, name: group.name, actor } })
  })
  deps.onGroupDeleted?.()
}

async function checked(deps: GroupsDeps, { name, type, ldapDn }: ForeignGroup): Promise<ForeignGroup> {
  checkGroupKind(type, ldapDn)
  if (type !== GROUP_TYPES.ldap) {
    checkGroupName(name)
    return { name, type, ldapDn: undefined }
  }
  const dn = normalDn(ldapDn ?? '')
  const nameThere = await deps.findInDirectory(dn)
  if (nameThere === undefined) {
    throw new DomainError('bad-request', `LDAP Group DN is not found: DN:${dn}`)
  }
  const group = { name: name || nameThere, type, ldapDn: dn }
  checkGroupName(group.name)
  return group
}

async function addGroup(tx: Database, group: ForeignGroup, actor: Actor): Promise<number> {
  const { name, type } = group
  const id = await store.insertGroup(tx, group)
  if (id === undefined) {
    const dn = group.ldapDn ?? ''
    const text = `duplicate user group, group name:${name}, group type: ${type}, ldap group DN: ${dn}`
    throw new DomainError('conflict', text)
  }
  await emit(tx, { type: 'group.created', payload: { groupId: id, name, groupType: type, actor } })
  return id
}

function missing(id: number): DomainError {
  return new DomainError('not-found', `the user group with id ${id} is not found`)
}
