import { type ExpressionBuilder, sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import { escapeLike, type Page } from '../platform/db/list.ts'
import type { Tables } from '../platform/db/tables.ts'
import type { Entity, Member } from './model.ts'

/** One page of the members of a project by name, those whose name starts with `prefix`. */
export async function selectMembers(
  db: Database,
  projectId: number,
  prefix: string,
  page: Page,
): Promise<Member[]> {
  const rows = await named(db, projectId, prefix)
    .select(columns)
    .orderBy(NAME)
    .orderBy('members.id')
    .limit(page.limit)
    .offset(page.offset)
    .execute()
  return rows.map(toMember)
}

/** How many members of a project have a name that starts with `prefix`. */
export async function countMembers(db: Database, projectId: number, prefix: string): Promise<number> {
  const { count } = await named(db, projectId, prefix)
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** The member of that id, if it is one of this project. */
export async function findMember(db: Database, projectId: number, id: number): Promise<Member | undefined> {
  const row = await named(db, projectId, '').select(columns).where('members.id', '=', id).executeTakeFirst()
  return row && toMember(row)
}

/** Id of the new member, or undefined where the user or group is one already. */
export async function insertMember(
  db: Database,
  projectId: number,
  entity: Entity,
  roleId: number,
): Promise<number | undefined> {
  const row = await db
    .insertInto('members')
    .values({
      project_id: projectId,
      entity_type: entity.type,
      entity_id: entity.id,
      role_id: roleId,
    })
    .onConflict((conflict) => conflict.columns(['project_id', 'entity_type', 'entity_id']).doNothing())
    .returning('id')
    .executeTakeFirst()
  return row?.id
}

/** Whether there was such a member in this project. */
export async function updateRole(
  db: Database,
  projectId: number,
  id: number,
  roleId: number,
): Promise<boolean> {
  const result = await db
    .updateTable('members')
    .set({ role_id: roleId, update_time: sql<Date>`now()` })
    .where('project_id', '=', projectId)
    .where('id', '=', id)
    .executeTakeFirst()
  return result.numUpdatedRows > 0n
}

/** Whether there was such a member in this project. */
export async function deleteMember(db: Database, projectId: number, id: number): Promise<boolean> {
  const result = await db
    .deleteFrom('members')
    .where('project_id', '=', projectId)
    .where('id', '=', id)
    .executeTakeFirst()
  return result.numDeletedRows > 0n
}

/** How many members of projects have the role. */
export async function countMembersWith(db: Database, roleId: number): Promise<number> {
  const { count } = await db
    .selectFrom('members')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('role_id', '=', roleId)
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** Takes the role away from all members of projects. */
export async function deleteMembersWith(db: Database, roleId: number): Promise<void> {
  await db.deleteFrom('members').where('role_id', '=', roleId).execute()
}

/** Removes the memberships of users or groups that are gone. */
export async function deleteMembersOf(
  db: Database,
  type: Entity['type'],
  ids: readonly number[],
): Promise<void> {
  await db
    .deleteFrom('members')
    .where('entity_type', '=', type)
    .where('entity_id', '=', sql<number>`ANY(${[...ids]}::bigint[])`)
    .execute()
}

/** The member's name: of a live user, or of a group. */
const NAME = sql<string>`coalesce(users.username, user_groups.name)`

function columns(eb: ExpressionBuilder<Tables, 'members'>) {
  return [
    eb.ref('members.id').as('id'),
    eb.ref('members.project_id').as('project_id'),
    eb.ref('members.entity_type').as('entity_type'),
    eb.ref('members.entity_id').as('entity_id'),
    eb.ref('members.role_id').as('role_id'),
    sql<string>`roles.name`.as('role_name'),
    NAME.as('entity_name'),
  ] as const
}

function named(db: Database, projectId: number, prefix: string) {
  return db
    .selectFrom('members')
    .innerJoin('roles', 'roles.id', 'members.role_id')
    .leftJoin('users', (join) =>
      join
        .on('members.entity_type', '=', 'u')
        .onRef('users.id', '=', 'members.entity_id')
        .on('users.deletion_time', 'is', null),
    )
    .leftJoin('user_groups', (join) =>
      join.on('members.entity_type', '=', 'g').onRef('user_groups.id', '=', 'members.entity_id'),
    )
    .where(NAME, 'is not', null)
    .where('members.project_id', '=', projectId)
    .$if(prefix !== '', (query) => query.where(NAME, 'like', `${escapeLike(prefix)}%`))
}

function toMember(row: {
  id: number
  project_id: number
  entity_type: 'u' | 'g'
  entity_id: number
  entity_name: string
  role_id: number
  role_name: string
}): Member {
  return {
    id: row.id,
    projectId: row.project_id,
    entityType: row.entity_type,
    entityId: row.entity_id,
    entityName: row.entity_name,
    role: { id: row.role_id, name: row.role_name },
  }
}
