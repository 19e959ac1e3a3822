import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import { condition, type Filter, type Order, type Page } from '../platform/db/list.ts'
import type { Robot } from './model.ts'
import { findByIds, IS_LIVE, LIVE_ROBOTS } from './store.ts'

/** Where the fields of the list's filter and order are; names as Harbor stores them, with the project. */
const FULL_NAME = sql`(CASE WHEN robots.project_id IS NULL THEN robots.name
  ELSE projects.name || '+' || robots.name END COLLATE "C")`
const COLUMNS = {
  id: sql.ref('robots.id'),
  name: FULL_NAME,
  description: sql.ref('robots.description'),
  disabled: sql.ref('robots.disabled'),
  disable: sql.ref('robots.disabled'),
  duration: sql.ref('robots.duration'),
  expires_at: sql`coalesce(extract(epoch FROM robots.expiry_time)::bigint, -1)`,
  creator_type: sql.ref('robots.creator_type'),
  creator_ref: sql.ref('robots.creator_id'),
  creation_time: sql.ref('robots.creation_time'),
  update_time: sql.ref('robots.update_time'),
} as const
export type RobotField = keyof typeof COLUMNS

/** One page of the robots of a project, or of the system, that match all filters. What they may do is read of this page alone. */
export async function listRobots(
  db: Database,
  projectId: number | undefined,
  filters: readonly Filter<RobotField>[],
  orders: readonly Order<RobotField>[],
  page: Page,
): Promise<Robot[]> {
  const order = orders.map(({ field, descending }) =>
    descending ? sql`${COLUMNS[field]} DESC` : sql`${COLUMNS[field]} ASC`,
  )
  const { rows } = await sql<{ id: number }>`
    SELECT robots.id FROM ${LIVE_ROBOTS} WHERE ${matching(projectId, filters)}
    ORDER BY ${sql.join([...order, sql`robots.id`])} LIMIT ${page.limit} OFFSET ${page.offset}`.execute(db)
  const ids = rows.map(({ id }) => id)
  if (ids.length === 0) return []
  return (await findByIds(db, ids)).flatMap((found) => found?.robot ?? [])
}

export async function countRobots(
  db: Database,
  projectId: number | undefined,
  filters: readonly Filter<RobotField>[],
): Promise<number> {
  const { rows } = await sql<{ count: string }>`
    SELECT count(*) AS count FROM ${LIVE_ROBOTS} WHERE ${matching(projectId, filters)}`.execute(db)
  return Number(rows[0]?.count ?? 0)
}

function matching(
  projectId: number | undefined,
  filters: readonly Filter<RobotField>[],
): RawBuilder<SqlBool> {
  const conditions = filters.map((filter) =>
    filter.field === 'name' && filter.op === 'exact'
      ? sql<SqlBool>`(robots.name = ${filter.value} OR ${FULL_NAME} = ${filter.value})`
      : condition(COLUMNS[filter.field], filter),
  )
  const place = sql<SqlBool>`coalesce(robots.project_id, 0) = ${projectId ?? 0}`
  return sql`${sql.join([sql`robots.visible`, IS_LIVE, place, ...conditions], sql` AND `)}`
}
