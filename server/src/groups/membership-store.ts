import { sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import type { Group } from './model.ts'
import { toGroup } from './store.ts'

/** The groups that the user is known to be in, by name. */
export async function selectGroupsOf(db: Database, userId: number): Promise<Group[]> {
  const rows = await db
    .selectFrom('user_group_members')
    .innerJoin('user_groups', 'user_groups.id', 'user_group_members.group_id')
    .selectAll('user_groups')
    .where('user_group_members.user_id', '=', userId)
    .orderBy('user_groups.name')
    .execute()
  return rows.map(toGroup)
}

/** The groups of a type with one of these names, and those with one of these distinguished names. */
export async function selectGroupsNamed(
  db: Database,
  type: number,
  names: readonly string[],
  ldapDns: readonly string[],
): Promise<Group[]> {
  const rows = await db
    .selectFrom('user_groups')
    .selectAll()
    .where('type', '=', type)
    .where(
      sql<boolean>`(name = ANY(${[...names]}::text[]) AND ldap_dn IS NULL OR ldap_dn = ANY(${[...ldapDns]}::text[]))`,
    )
    .execute()
  return rows.map(toGroup)
}

/** Makes the user a member of these groups and of no others. */
export async function replaceGroupsOf(
  db: Database,
  userId: number,
  groupIds: readonly number[],
): Promise<void> {
  const ids = [...groupIds].sort((a, b) => a - b)
  await db
    .deleteFrom('user_group_members')
    .where('user_id', '=', userId)
    .where(sql<boolean>`group_id <> ALL(${ids}::bigint[])`)
    .execute()
  // A group that somebody deletes meanwhile is left out.
  await sql`
    INSERT INTO user_group_members (user_id, group_id)
    SELECT ${userId}, id FROM user_groups WHERE id = ANY(${ids}::bigint[]) ORDER BY id FOR KEY SHARE
    ON CONFLICT DO NOTHING`.execute(db)
}
