import { sql } from 'kysely'
import { ROLE_IDS, type Role } from '../access/roles.ts'
import type { Database } from '../platform/db/database.ts'
import { escapeLike, type Page } from '../platform/db/list.ts'
import { type Member, roleOf } from './model.ts'

/** One page of the members of a project by name, those whose name starts with `prefix`. */
export async function selectMembers(
  db: Database,
  projectId: number,
  prefix: string,
  page: Page,
): Promise<Member[]> {
  const rows = await named(db, projectId, prefix)
    .select(COLUMNS)
    .orderBy('users.username')
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
  const row = await named(db, projectId, '').select(COLUMNS).where('members.id', '=', id).executeTakeFirst()
  return row && toMember(row)
}

/** Id of the new member, or undefined where the user is one already. */
export async function insertMember(
  db: Database,
  projectId: number,
  userId: number,
  role: Role,
): Promise<number | undefined> {
  const row = await db
    .insertInto('members')
    .values({ project_id: projectId, entity_type: 'u', entity_id: userId, role_id: ROLE_IDS[role] })
    .onConflict((conflict) => conflict.columns(['project_id', 'entity_type', 'entity_id']).doNothing())
    .returning('id')
    .executeTakeFirst()
  return row?.id
}

/** Whether there was such a member in this project. */
export async function updateRole(db: Database, projectId: number, id: number, role: Role): Promise<boolean> {
  const result = await db
    .updateTable('members')
    .set({ role_id: ROLE_IDS[role], update_time: sql<Date>`now()` })
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

const COLUMNS = [
  'members.id',
  'members.project_id',
  'members.entity_type',
  'members.entity_id',
  'members.role_id',
  'users.username',
] as const

function named(db: Database, projectId: number, prefix: string) {
  return db
    .selectFrom('members')
    .innerJoin('users', (join) =>
      join.on('members.entity_type', '=', 'u').onRef('users.id', '=', 'members.entity_id'),
    )
    .where('users.deletion_time', 'is', null)
    .where('members.project_id', '=', projectId)
    .$if(prefix !== '', (query) => query.where('users.username', 'like', `${escapeLike(prefix)}%`))
}

function toMember(row: {
  id: number
  project_id: number
  entity_type: 'u' | 'g'
  entity_id: number
  role_id: number
  username: string
}): Member {
  return {
    id: row.id,
    projectId: row.project_id,
    entityType: row.entity_type,
    entityId: row.entity_id,
    entityName: row.username,
    role: roleOf(row.role_id),
  }
}
