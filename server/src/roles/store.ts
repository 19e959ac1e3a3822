import { sql } from 'kysely'
import type { Allowance } from '../access/giving.ts'
import type { Database } from '../platform/db/database.ts'
import { escapeLike, type Page } from '../platform/db/list.ts'
import { isUniqueViolation } from '../platform/db/violations.ts'
import { allowanceOf, type Level, type Role } from './model.ts'

export interface RoleFilter {
  name?: string | undefined
  level?: Level | undefined
}

/** One page of the roles that match, the built-in ones first. */
export async function selectRoles(db: Database, filter: RoleFilter, page: Page): Promise<Role[]> {
  const rows = await filtered(db, filter)
    .selectAll()
    .orderBy('id')
    .limit(page.limit)
    .offset(page.offset)
    .execute()
  return rows.map(toRole)
}

/** How many roles match. */
export async function countRoles(db: Database, filter: RoleFilter): Promise<number> {
  const { count } = await filtered(db, filter)
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** The role of that id. With `lock`, it stays as it is until the transaction ends. */
export async function findRole(
  db: Database,
  id: number,
  lock?: 'share' | 'update',
): Promise<Role | undefined> {
  const row = await db
    .selectFrom('roles')
    .selectAll()
    .where('id', '=', id)
    .$if(lock === 'share', (query) => query.forShare())
    .$if(lock === 'update', (query) => query.forUpdate())
    .executeTakeFirst()
  return row && toRole(row)
}

/** Id of the new role, or undefined where the name is taken. */
export async function insertRole(
  db: Database,
  { name, description, level, allows }: Pick<Role, 'name' | 'description' | 'level' | 'allows'>,
): Promise<number | undefined> {
  const row = await db
    .insertInto('roles')
    .values({ name, description, level, ...columnsOf(allows) })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .returning('id')
    .executeTakeFirst()
  return row?.id
}

/** Writes what may change of a role. Whether its name was free. */
export async function updateRole(
  db: Database,
  { id, name, description, allows }: Pick<Role, 'id' | 'name' | 'description' | 'allows'>,
): Promise<boolean> {
  try {
    await db
      .updateTable('roles')
      .set({ name, description, ...columnsOf(allows), update_time: sql<Date>`now()` })
      .where('id', '=', id)
      .execute()
    return true
  } catch (error) {
    if (isUniqueViolation(error)) return false
    throw error
  }
}

export async function deleteRole(db: Database, id: number): Promise<void> {
  await db.deleteFrom('roles').where('id', '=', id).execute()
}

function filtered(db: Database, { name, level }: RoleFilter) {
  let query = db.selectFrom('roles')
  if (name) query = query.where('name', 'ilike', `%${escapeLike(name)}%`)
  if (level) query = query.where('level', '=', level)
  return query
}

function columnsOf({ system, project }: Allowance) {
  return { system_permissions: [...system], project_permissions: [...project] }
}

interface Row {
  id: number
  name: string
  description: string
  level: Level
  system_permissions: string[]
  project_permissions: string[]
  creation_time: Date
  update_time: Date
}

function toRole(row: Row): Role {
  const words = { system: row.system_permissions, project: row.project_permissions }
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    level: row.level,
    allows: allowanceOf(row.id, row.name, words),
    creationTime: row.creation_time,
    updateTime: row.update_time,
  }
}
