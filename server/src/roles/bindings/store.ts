import { sql } from 'kysely'
import type { HeldRole } from '../../access/explain.ts'
import type { Database } from '../../platform/db/database.ts'
import type { Page } from '../../platform/db/list.ts'
import { allowanceOf } from '../model.ts'

/** Whom a role of the system is given to. */
export interface Holder {
  type: 'u' | 'g'
  id: number
}

/** A role of the system that somebody has. */
export interface Binding {
  id: number
  roleId: number
  holder: Holder & { name: string }
  creationTime: Date
}

/** One page of those who have the role, oldest first. Deleted users have nothing. */
export async function selectBindings(db: Database, roleId: number, page: Page): Promise<Binding[]> {
  const rows = await named(db, roleId)
    .selectAll('role_bindings')
    .select(NAME.as('name'))
    .orderBy('role_bindings.id')
    .limit(page.limit)
    .offset(page.offset)
    .execute()
  return rows.map((row) => ({
    id: row.id,
    roleId: row.role_id,
    holder: { type: row.entity_type, id: row.entity_id, name: row.name },
    creationTime: row.creation_time,
  }))
}

/** How many have the role. */
export async function countBindings(db: Database, roleId: number): Promise<number> {
  const { count } = await named(db, roleId)
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** Id of the new binding, or undefined where the holder has the role already. */
export async function insertBinding(
  db: Database,
  roleId: number,
  { type, id }: Holder,
): Promise<number | undefined> {
  const row = await db
    .insertInto('role_bindings')
    .values({ role_id: roleId, entity_type: type, entity_id: id })
    .onConflict((conflict) => conflict.columns(['role_id', 'entity_type', 'entity_id']).doNothing())
    .returning('id')
    .executeTakeFirst()
  return row?.id
}

/** Takes a role away from somebody: who it was, or undefined where the role has no such binding. */
export async function deleteBinding(db: Database, roleId: number, id: number): Promise<Holder | undefined> {
  const row = await db
    .deleteFrom('role_bindings')
    .where('role_id', '=', roleId)
    .where('id', '=', id)
    .returning(['entity_type', 'entity_id'])
    .executeTakeFirst()
  return row && { type: row.entity_type, id: row.entity_id }
}

/** Takes a role away from everybody. */
export async function deleteBindingsOfRole(db: Database, roleId: number): Promise<void> {
  await db.deleteFrom('role_bindings').where('role_id', '=', roleId).execute()
}

/** Removes what deleted users and groups had. */
export async function deleteBindingsOf(
  db: Database,
  type: Holder['type'],
  ids: readonly number[],
): Promise<void> {
  await db
    .deleteFrom('role_bindings')
    .where('entity_type', '=', type)
    .where('entity_id', '=', sql<number>`ANY(${[...ids]}::bigint[])`)
    .execute()
}

/** The roles of the system that the user has, himself or by the groups that he is known to be in. */
export async function selectHeldRoles(db: Database, userId: number): Promise<HeldRole[]> {
  const { rows } = await sql<{
    id: number
    name: string
    group_name: string | null
    system_permissions: string[]
    project_permissions: string[]
  }>`
    SELECT r.id, r.name, held.group_name, r.system_permissions, r.project_permissions
    FROM (
      SELECT role_id, NULL AS group_name FROM role_bindings WHERE entity_type = 'u' AND entity_id = ${userId}
      UNION ALL
      SELECT b.role_id, g.name FROM user_group_members m
      JOIN role_bindings b ON b.entity_type = 'g' AND b.entity_id = m.group_id
      JOIN user_groups g ON g.id = m.group_id
      WHERE m.user_id = ${userId}
    ) held
    JOIN roles r ON r.id = held.role_id
    ORDER BY r.name, held.group_name`.execute(db)

  return rows.map((row) => ({
    name: row.name,
    group: row.group_name ?? undefined,
    allows: allowanceOf(row.id, row.name, {
      system: row.system_permissions,
      project: row.project_permissions,
    }),
  }))
}

/** The holder's name: of a live user, or of a group. */
const NAME = sql<string>`coalesce(users.username, user_groups.name)`

function named(db: Database, roleId: number) {
  return db
    .selectFrom('role_bindings')
    .leftJoin('users', (join) =>
      join
        .on('role_bindings.entity_type', '=', 'u')
        .onRef('users.id', '=', 'role_bindings.entity_id')
        .on('users.deletion_time', 'is', null),
    )
    .leftJoin('user_groups', (join) =>
      join.on('role_bindings.entity_type', '=', 'g').onRef('user_groups.id', '=', 'role_bindings.entity_id'),
    )
    .where('role_bindings.role_id', '=', roleId)
    .where(NAME, 'is not', null)
}
