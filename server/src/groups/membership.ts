import type { Database } from '../platform/db/database.ts'
import { emit } from '../platform/events/outbox.ts'
import { replaceGroupsOf, selectGroupsNamed, selectGroupsOf } from './membership-store.ts'
import { checkGroupName, type ForeignGroup, GROUP_TYPES, type Group, normalDn } from './model.ts'
import { insertGroup } from './store.ts'

/** Who tells of the user's groups: he himself, by logging in. */
interface LoggedIn {
  id: number
  username: string
}

/**
 * Writes down which groups an identity provider says a user is in, at his login: he is in these and in no
 * others, from this moment on. Groups that were unknown are made. A name that a group of another provider has is
 * passed over, for whoever invents groups at one provider must not get what was given to those of another;
 * an LDAP group whose name is taken goes by its distinguished name. Nothing is written where nothing changes.
 */
export async function setGroupsOf(
  deps: { db: Database },
  user: LoggedIn,
  type: number,
  groups: readonly Omit<ForeignGroup, 'type'>[],
): Promise<Group[]> {
  const wanted = groups.map((group) => foreign(type, group)).filter((group) => group !== undefined)
  const before = await selectGroupsOf(deps.db, user.id)
  if (sameGroups(before, wanted)) return before

  return await deps.db.transaction().execute(async (tx) => {
    const known = await find(tx, type, wanted)
    // In one order, so that two who log in with the same new groups do not wait for each other.
    const unknown = wanted.filter((group) => !known.some((one) => isSame(one, group))).sort(byKey)
    for (const group of unknown) await introduce(tx, group, user)
    const all = unknown.length > 0 ? await find(tx, type, wanted) : known
    await replaceGroupsOf(
      tx,
      user.id,
      all.map(({ id }) => id),
    )
    return all
  })
}

function foreign(type: number, { name, ldapDn }: Omit<ForeignGroup, 'type'>): ForeignGroup | undefined {
  const group = { name, type, ldapDn: type === GROUP_TYPES.ldap ? normalDn(ldapDn ?? '') : undefined }
  try {
    checkGroupName(name)
  } catch {
    return undefined
  }
  return group.ldapDn === '' || name.includes('\u0000') ? undefined : group
}

async function find(tx: Database, type: number, groups: readonly ForeignGroup[]): Promise<Group[]> {
  const dns = groups.map(({ ldapDn }) => ldapDn).filter((dn) => dn !== undefined)
  const names = groups.filter(({ ldapDn }) => ldapDn === undefined).map(({ name }) => name)
  return await selectGroupsNamed(tx, type, names, dns)
}

async function introduce(tx: Database, group: ForeignGroup, user: LoggedIn): Promise<void> {
  let { name } = group
  let id = await insertGroup(tx, group)
  if (id === undefined && group.ldapDn !== undefined) {
    name = group.ldapDn
    id = await insertGroup(tx, { ...group, name })
  }
  if (id === undefined) return
  const actor = { id: user.id, username: user.username }
  await emit(tx, { type: 'group.created', payload: { groupId: id, name, groupType: group.type, actor } })
}

function sameGroups(before: readonly Group[], wanted: readonly ForeignGroup[]): boolean {
  const keys = new Set(wanted.map(keyOf))
  return before.length === keys.size && before.every((group) => keys.has(keyOf(group)))
}

function isSame(a: ForeignGroup, b: ForeignGroup): boolean {
  return keyOf(a) === keyOf(b)
}

function byKey(a: ForeignGroup, b: ForeignGroup): number {
  return keyOf(a) < keyOf(b) ? -1 : 1
}

/** What makes a group this group: its distinguished name or, without one, its name. */
function keyOf({ type, name, ldapDn }: ForeignGroup): string {
  return `${type} ${ldapDn ?? name}`
}
