import { sql } from 'kysely'
import type { Database } from '../../platform/db/database.ts'
import type { Page } from '../../platform/db/list.ts'
import { direction, inOrder, nearestWindow, type Window } from '../../platform/db/window.ts'

/** What lies in the trash of repositories, each with an index by repository and time of deletion that answers all of this. */
const TABLES = {
  artifacts: { name: sql.table('trashed_artifacts'), listed: sql`root_id IS NULL AND expiry_time > now()` },
  tags: { name: sql.table('trashed_tags'), listed: sql`expiry_time > now()` },
}

type Table = keyof typeof TABLES

/** So many repositories are merged in their order; of more, all rows are read and sorted. */
const MOST_MERGED = 64

/** Ids of a page of what can be restored in the live repositories of a project, the last deletion first, and how much there is. */
export async function selectTrashPage(
  db: Database,
  table: Table,
  projectId: number,
  page: Page,
): Promise<{ ids: number[]; total: number }> {
  const counts = await countByRepository(db, table, projectId)
  const total = counts.reduce((sum, { count }) => sum + count, 0)
  const window = nearestWindow(page, total)
  if (window.limit === 0) return { ids: [], total }
  const repositories = counts.map(({ id }) => id)

  return { ids: inOrder(window, await selectIds(db, table, repositories, window)), total }
}

/**
 * The repositories that have something, and how much. In an order, for the sake of its index: where most of the trash is that of one
 * repository, the planner would read all of it for each.
 */
async function countByRepository(
  db: Database,
  table: Table,
  projectId: number,
): Promise<{ id: number; count: number }[]> {
  const { name, listed } = TABLES[table]
  const result = await sql<{ id: number; count: number }>`
    SELECT repositories.id, lying.count FROM repositories
    CROSS JOIN LATERAL (
      SELECT count(*) AS count FROM (
        SELECT FROM ${name} WHERE repository_id = repositories.id AND ${listed} ORDER BY deletion_time, id OFFSET 0) AS one
    ) AS lying
    WHERE repositories.project_id = ${projectId} AND repositories.deletion_time IS NULL AND lying.count > 0`.execute(
    db,
  )

  return result.rows.map(({ id, count }) => ({ id, count: Number(count) }))
}

/** Repository by repository: an index has each in order, and the database merges them up to the window. */
async function selectIds(
  db: Database,
  table: Table,
  repositoryIds: readonly number[],
  window: Window,
): Promise<number[]> {
  const { name, listed } = TABLES[table]
  const way = sql.raw(direction(window, { descending: true }))
  const within =
    repositoryIds.length > MOST_MERGED
      ? [sql`repository_id = ANY(${[...repositoryIds]}::bigint[])`]
      : repositoryIds.map((id) => sql`repository_id = ${id}`)
  const branches = within.map(
    (where) => sql`(
      SELECT deletion_time, id FROM ${name} WHERE ${where} AND ${listed}
      ORDER BY deletion_time ${way}, id ${way} LIMIT ${window.offset + window.limit})`,
  )
  const result = await sql<{ id: number }>`
    SELECT id FROM (${sql.join(branches, sql` UNION ALL `)}) AS merged
    ORDER BY deletion_time ${way}, id ${way} LIMIT ${window.limit} OFFSET ${window.offset}`.execute(db)

  return result.rows.map(({ id }) => id)
}
