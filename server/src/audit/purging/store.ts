import { sql } from 'kysely'
import type { Database } from '../../platform/db/database.ts'
import { changeCounts, changeUserCounts } from '../cells-store.ts'
import type { EventSelection } from '../model.ts'

const GONE = { name: 'gone', change: 'remove' } as const

/** Deletes up to `limit` of the oldest chosen rows that are older than `before`, and takes them off the counts; answers how many. */
export async function deleteSomeRows(
  tx: Database,
  before: Date,
  selection: EventSelection,
  limit: number,
): Promise<number> {
  const result = await sql<{ count: number }>`
    WITH gone AS (
      DELETE FROM audit_log a USING (
        SELECT op_time, id FROM audit_log
        WHERE op_time < ${before} AND ${chosen(selection)}
        ORDER BY op_time, id LIMIT ${limit}) AS old
      WHERE a.op_time = old.op_time AND a.id = old.id
      RETURNING a.op_time, a.project_id, a.operation, a.resource_type, a.username, a.op_result
    ), counted AS (${changeCounts(GONE)}), users AS (${changeUserCounts(GONE)})
    SELECT count(*) AS count FROM gone`.execute(tx)

  return Number(result.rows[0]?.count ?? 0)
}

/** The same of the log taken over from an earlier Harbor, which counts itself. */
export async function deleteSomeLegacyRows(
  tx: Database,
  before: Date,
  selection: EventSelection,
  limit: number,
): Promise<number> {
  const result = await sql`
    DELETE FROM legacy_audit_log WHERE id IN (
      SELECT id FROM legacy_audit_log WHERE op_time < ${before} AND ${chosen(selection)}
      ORDER BY op_time, id LIMIT ${limit})`.execute(tx)

  return Number(result.numAffectedRows ?? 0n)
}

/** How many rows of both logs are chosen and older than `before`. */
export async function countOldRows(db: Database, before: Date, selection: EventSelection): Promise<number> {
  const result = await sql<{ count: number }>`
    SELECT (SELECT count(*) FROM audit_log WHERE op_time < ${before} AND ${chosen(selection)})
      + (SELECT count(*) FROM legacy_audit_log WHERE op_time < ${before} AND ${chosen(selection)}) AS count`.execute(
    db,
  )

  return Number(result.rows[0]?.count ?? 0)
}

/** How many counted rows before that day (UTC) are chosen, and how many are not. */
export async function countBefore(
  db: Database,
  day: Date,
  selection: EventSelection,
): Promise<{ chosen: number; others: number }> {
  const result = await sql<{ chosen: number; total: number }>`
    SELECT coalesce(sum(rows) FILTER (WHERE ${chosen(selection)}), 0)::bigint AS chosen,
      coalesce(sum(rows), 0)::bigint AS total
    FROM audit_counts WHERE grain = 'd' AND period < ${day.toISOString().slice(0, 10)}::date`.execute(db)
  const row = result.rows[0] ?? { chosen: 0, total: 0 }

  return { chosen: row.chosen, others: row.total - row.chosen }
}

/** Counts of nothing say nothing. */
export async function deleteEmptyCounts(db: Database, before: Date): Promise<void> {
  const day = sql<Date>`${before.toISOString().slice(0, 10)}::date`
  for (const table of [
    'audit_counts',
    'audit_user_counts',
    'legacy_audit_counts',
    'legacy_audit_user_counts',
  ] as const) {
    await db
      .deleteFrom(table)
      .where('rows', '=', 0)
      .where((eb) => eb.or([eb('period', '<', day), eb('period', '=', sql<Date>`'infinity'`)]))
      .execute()
  }
}

/** Rows are not waited for longer than this, so that readers behind do not wait either. */
export async function limitWaiting(tx: Database): Promise<void> {
  await sql`SET LOCAL lock_timeout = '2s'`.execute(tx)
}

function chosen({ operations, pairs }: EventSelection) {
  const kinds = pairs.map(({ resourceType }) => resourceType)
  const verbs = pairs.map(({ operation }) => operation)
  return sql<boolean>`(operation = ANY(${[...operations]}::text[]) OR (operation, resource_type) IN (
    SELECT * FROM unnest(${verbs}::text[], ${kinds}::text[])))`
}
