import { sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import { type Cell, type Landmark, longestOf, mergeCells, type Survey } from './landmarks.ts'
import { matching } from './list-store.ts'
import type { AuditFilter, AuditSelection } from './selection.ts'

/** Which rows a survey is of. */
export interface Surveyed {
  legacy: boolean
  filters: readonly AuditFilter[]
}

/** Rows drawn for each landmark: the more, the more evenly these lie. */
const DRAWN = 20

/** Runs `work` on one state of the log. */
export function withSnapshot<Result>(db: Database, work: (tx: Database) => Promise<Result>): Promise<Result> {
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (tx) => {
      // A month that is dropped is gone from older states too: whoever drops one waits.
      await sql`LOCK TABLE audit_log IN ACCESS SHARE MODE`.execute(tx)
      return await work(tx)
    })
}

/**
 * Passes once over the index of resources and counts what lies between about `stretches` landmarks, drawn by lot. Of a
 * log of so many `rows`, up to an id that is `unsettled` ids behind the last.
 */
export function takeSurvey(
  db: Database,
  surveyed: Surveyed,
  { rows, stretches, unsettled }: { rows: number; stretches: number; unsettled: number },
): Promise<Survey> {
  return withSnapshot(db, async (tx) => {
    // Each stretch is a part of the index, whatever the planner thinks of each.
    await sql`SELECT set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true)`.execute(
      tx,
    )
    const removals = await countRemovals(tx, surveyed)
    const settled = (await findLastId(tx, surveyed)) - unsettled
    const share = Math.min((100 * DRAWN * stretches) / Math.max(rows, 1), 100)
    const landmarks = await drawLandmarks(tx, surveyed, share, stretches)
    const cells = mergeCells(await countCells(tx, surveyed, landmarks, settled))

    return { landmarks, cells, settled, removals, longest: longestOf(landmarks.length, cells) }
  })
}

/** How often rows of the log were removed or changed. */
export async function countRemovals(db: Database, { legacy }: Surveyed): Promise<number> {
  const row = await db
    .selectFrom('audit_removals')
    .select('times')
    .where('log', '=', legacy ? 'legacy_audit_log' : 'audit_log')
    .executeTakeFirst()
  return row?.times ?? 0
}

/** Of the ids that were given out, seen or not. */
async function findLastId(db: Database, { legacy }: Surveyed): Promise<number> {
  const result = legacy
    ? await sql<{ id: number }>`SELECT coalesce(max(id), 0) AS id FROM legacy_audit_log`.execute(db)
    : await sql<{ id: number }>`SELECT last_value AS id FROM audit_log_ids`.execute(db)
  return result.rows[0]?.id ?? 0
}

async function drawLandmarks(
  db: Database,
  { legacy }: Surveyed,
  share: number,
  stretches: number,
): Promise<Landmark[]> {
  const result = await sql<Landmark>`
    SELECT resource, op_time::text AS time, id FROM (
      SELECT resource, op_time, id, row_number() OVER (ORDER BY resource, op_time, id) AS at, count(*) OVER () AS drawn
      FROM ${sql.table(legacy ? 'legacy_audit_log' : 'audit_log')} TABLESAMPLE SYSTEM (${share}::float4)
    ) AS drawing
    WHERE at % greatest(drawn / ${stretches}::bigint, 1) = 0
    ORDER BY at`.execute(db)
  return result.rows
}

/** Cells of the rows up to an id, stretch by stretch. */
async function countCells(
  db: Database,
  surveyed: Surveyed,
  landmarks: readonly Landmark[],
  settled: number,
): Promise<Cell[]> {
  const rows = matching(db, selectionOf(surveyed))
    .where('id', '<=', settled)
    .select(({ fn }) => [...KIND, fn.countAll<number>().as('rows')])
    .groupBy(KIND)
  const from = sql<boolean>`(resource, op_time, id) >= (low_resource, low_time, low_id)`
  const to = sql<boolean>`(resource, op_time, id) < (high_resource, high_time, high_id)`
  const result = await sql<Cell>`
    WITH low AS MATERIALIZED (
      SELECT 0 AS stretch, ''::text COLLATE "C" AS low_resource, '-infinity'::timestamptz AS low_time,
        -9223372036854775808 AS low_id
      UNION ALL SELECT stretch, resource, op_time, id FROM ${tableOf(landmarks)}
    ), stretch AS MATERIALIZED (
      SELECT *, lead(low_resource) OVER w AS high_resource, lead(low_time) OVER w AS high_time, lead(low_id) OVER w AS high_id
      FROM low WINDOW w AS (ORDER BY stretch)
    )
    SELECT stretch, c.* FROM stretch CROSS JOIN LATERAL ${rows.where(from).where(to)} AS c WHERE high_id IS NOT NULL
    UNION ALL
    SELECT stretch, c.* FROM stretch CROSS JOIN LATERAL ${rows.where(from)} AS c WHERE high_id IS NULL`.execute(
    db,
  )
  return result.rows
}

/** Cells of the rows that a survey does not have, and the id up to which they may be added to it. */
export async function countNewer(
  db: Database,
  surveyed: Surveyed,
  { landmarks, settled }: Survey,
  unsettled: number,
): Promise<{ cells: Cell[]; settledCells: Cell[]; settled: number }> {
  const newer = matching(db, selectionOf(surveyed))
    .where('id', '>', settled)
    .select(['resource', 'op_time', 'id', ...KIND])
  const result = await sql<Cell & { edge: number; isSettled: boolean }>`
    WITH newer AS MATERIALIZED ${newer},
    edge AS MATERIALIZED (SELECT greatest(max(id) - ${unsettled}::bigint, ${settled}::bigint) AS edge FROM newer)
    SELECT stretch, project_id, operation, resource_type, op_result, edge, id <= edge AS "isSettled", count(*) AS rows
    FROM (
      SELECT *, sum(landmark) OVER (ORDER BY resource, op_time, id, landmark DESC ROWS UNBOUNDED PRECEDING) AS stretch
      FROM (
        SELECT *, 0 AS landmark FROM newer
        UNION ALL
        SELECT resource, op_time, id, 0, '' COLLATE "C", '' COLLATE "C", true, 1 FROM ${tableOf(landmarks)}
      ) AS both_of_them
    ) AS placed, edge
    WHERE landmark = 0
    GROUP BY 1, 2, 3, 4, 5, 6, 7`.execute(db)
  const cells = result.rows
  return {
    cells,
    settledCells: cells.filter(({ isSettled }) => isSettled),
    settled: cells[0]?.edge ?? settled,
  }
}

const KIND = ['project_id', 'operation', 'resource_type', 'op_result'] as const

function selectionOf({ legacy, filters }: Surveyed): AuditSelection {
  return { legacy, scope: { all: true, projectIds: [] }, filters }
}

function tableOf(landmarks: readonly Landmark[]) {
  const [resources, times, ids] = [
    landmarks.map(({ resource }) => resource),
    landmarks.map(({ time }) => time),
    landmarks.map(({ id }) => id),
  ]
  return sql`(SELECT ordinality::integer AS stretch, resource COLLATE "C" AS resource, op_time, id
    FROM unnest(${resources}::text[], ${times}::timestamptz[], ${ids}::bigint[])
    WITH ORDINALITY AS l(resource, op_time, id, ordinality)) AS landmarks`
}
