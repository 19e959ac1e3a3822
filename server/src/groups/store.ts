import { sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import { escapeLike, type Page } from '../platform/db/list.ts'
import { isUniqueViolation } from '../platform/db/violations.ts'
import type { ForeignGroup, Group } from './model.ts'

export interface GroupFilter {
  /** The name contains this, whatever its case. */
  name?: string | undefined
  /** Exactly this distinguished name, in normal form. */
  ldapDn?: string | undefined
}

/** One page of the groups that match: by name, or the shortest names first. */
export async function selectGroups(
  db: Database,
  filter: GroupFilter,
  order: 'name' | 'length',
  page: Page,
): Promise<Group[]> {
  const rows = await filtered(db, filter)
    .selectAll()
    .$if(order === 'length', (query) => query.orderBy(sql`length(name)`))
    .orderBy('name')
    .limit(page.limit)
    .offset(page.offset)
    .execute()
  return rows.map(toGroup)
}

/** How many groups match. */
export async function countGroups(db: Database, filter: GroupFilter): Promise<number> {
  const { count } = await filtered(db, filter)
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** The group of that id. */
export async function findGroup(db: Database, id: number): Promise<Group | undefined> {
  const row = await db.selectFrom('user_groups').selectAll().where('id', '=', id).executeTakeFirst()
  return row && toGroup(row)
}

/** The group of that name. */
export async function findGroupByName(db: Database, name: string): Promise<Group | undefined> {
  const row = await db.selectFrom('user_groups').selectAll().where('name', '=', name).executeTakeFirst()
  return row && toGroup(row)
}

/** The LDAP group of that distinguished name, in normal form. */
export async function findGroupByDn(db: Database, ldapDn: string): Promise<Group | undefined> {
  const row = await db.selectFrom('user_groups').selectAll().where('ldap_dn', '=', ldapDn).executeTakeFirst()
  return row && toGroup(row)
}

/** Id of the new group, or undefined where the name or the distinguished name is taken. */
export async function insertGroup(
  db: Database,
  { name, type, ldapDn }: ForeignGroup,
): Promise<number | undefined> {
  const row = await db
    .insertInto('user_groups')
    .values({ name, type, ldap_dn: ldapDn ?? null })
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .executeTakeFirst()
  return row?.id
}

/** Gives a group another name. */
export async function updateGroupName(
  db: Database,
  id: number,
  name: string,
): Promise<'done' | 'absent' | 'taken'> {
  try {
    const result = await db
      .updateTable('user_groups')
      .set({ name, update_time: sql<Date>`now()` })
      .where('id', '=', id)
      .executeTakeFirst()
    return result.numUpdatedRows > 0n ? 'done' : 'absent'
  } catch (error) {
    if (isUniqueViolation(error)) return 'taken'
    throw error
  }
}

/** Removes a group; nobody is in it any more. The group as it was. */
export async function deleteGroup(db: Database, id: number): Promise<Group | undefined> {
  const row = await db.deleteFrom('user_groups').where('id', '=', id).returningAll().executeTakeFirst()
  return row && toGroup(row)
}

function filtered(db: Database, { name, ldapDn }: GroupFilter) {
  let query = db.selectFrom('user_groups')
  if (name) query = query.where('name', 'ilike', `%${escapeLike(name)}%`)
  if (ldapDn) query = query.where('ldap_dn', '=', ldapDn)
  return query
}

/** A row of `user_groups` as a group. */
export function toGroup(row: { id: number; name: string; type: number; ldap_dn: string | null }): Group {
  return { id: row.id, name: row.name, type: row.type, ldapDn: row.ldap_dn ?? undefined }
}
