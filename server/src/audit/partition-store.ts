import { type RawBuilder, sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'

/** Milliseconds. No month begins within one. */
const HOUR = 3_600_000

/**
 * Makes the partitions that rows of these times go into, where they are not there yet. A partition is made on
 * the side and attached, which readers and writers of the others do not notice. Safe beside others who do the same.
 */
export async function ensurePartitions(tx: Database, times: readonly Date[]): Promise<void> {
  const hours = new Set(times.map((time) => Math.floor(time.getTime() / HOUR)))
  const months = [...new Set([...hours].map((hour) => monthOf(new Date(hour * HOUR))))]
  const missing = await sql<{ month: string }>`
    SELECT month FROM unnest(${months}::text[]) AS month
    WHERE to_regclass('audit_log_' || month) IS NULL ORDER BY month`.execute(tx)
  if (missing.rows.length === 0) return

  await sql`SELECT pg_advisory_xact_lock(hashtext('audit_log partitions'))`.execute(tx)
  for (const { month } of missing.rows) await addPartition(tx, month)
}

/** Drops the partitions whose every row is older than `time`, and their counts; answers their months as `yyyy_mm`. */
export async function dropPartitionsBefore(tx: Database, time: Date): Promise<string[]> {
  const last = monthOf(time)
  const found = await sql<{ name: string }>`
    SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'audit_log'::regclass AND c.relname < ${`audit_log_${last}`} ORDER BY 1`.execute(tx)
  for (const { name } of found.rows) await sql`DROP TABLE ${sql.table(name)}`.execute(tx)

  await dropCountsBefore(tx, sql`${boundsOf(last)[0].slice(0, 10)}::date`)
  await noteRemoval(tx)

  return found.rows.map(({ name }) => name.slice('audit_log_'.length))
}

/** What triggers do for rows that are deleted. */
async function noteRemoval(tx: Database): Promise<void> {
  await sql`
    INSERT INTO audit_removals AS r (log, times) VALUES ('audit_log', 1)
    ON CONFLICT (log) DO UPDATE SET times = r.times + 1`.execute(tx)
}

/** Counts of the periods before that day go, and are taken off those of all time, locked in the order that everybody has. */
async function dropCountsBefore(tx: Database, day: RawBuilder<unknown>): Promise<void> {
  await sql`
    WITH gone AS (DELETE FROM audit_counts WHERE period < ${day} RETURNING *)
    INSERT INTO audit_counts (grain, project_id, username, period, operation, resource_type, op_result, rows)
    SELECT CASE grain WHEN 'p' THEN 'q' ELSE 't' END, project_id, username, 'infinity'::date, operation, resource_type,
      op_result, -sum(rows)
    FROM gone WHERE grain IN ('p', 'u') GROUP BY 1, 2, 3, 5, 6, 7 ORDER BY 1, 2, 3, 5, 6, 7
    ON CONFLICT (grain, project_id, username, period, operation, resource_type, op_result)
      DO UPDATE SET rows = audit_counts.rows + excluded.rows`.execute(tx)
  await sql`
    WITH gone AS (DELETE FROM audit_user_counts WHERE period < ${day} RETURNING *)
    INSERT INTO audit_user_counts (project_id, period, username, operation, resource_type, op_result, rows)
    SELECT project_id, 'infinity'::date, username, operation, resource_type, op_result, -sum(rows)
    FROM gone GROUP BY 1, 3, 4, 5, 6 ORDER BY 1, 3, 4, 5, 6
    ON CONFLICT (project_id, period, username, operation, resource_type, op_result)
      DO UPDATE SET rows = audit_user_counts.rows + excluded.rows`.execute(tx)
}

async function addPartition(tx: Database, month: string): Promise<void> {
  const name = sql.table(`audit_log_${month}`)
  const [from, to] = boundsOf(month)
  // Somebody else may have made it while this one waited for the lock.
  await sql`CREATE TABLE IF NOT EXISTS ${name} (LIKE audit_log INCLUDING DEFAULTS)
    WITH (autovacuum_vacuum_insert_scale_factor = 0.02)`.execute(tx)
  const attached = await sql`
    SELECT 1 FROM pg_inherits WHERE inhrelid = ${`audit_log_${month}`}::regclass`.execute(tx)
  if (attached.rows.length > 0) return
  await sql`ALTER TABLE audit_log ATTACH PARTITION ${name}
    FOR VALUES FROM (${sql.lit(from)}) TO (${sql.lit(to)})`.execute(tx)
}

/** The month in UTC as the name of a partition has it, `2026_11`. */
export function monthOf(time: Date): string {
  return time.toISOString().slice(0, 7).replace('-', '_')
}

/** First moment of the month, and first moment behind it. */
function boundsOf(month: string): [from: string, to: string] {
  const [year = 0, number = 0] = month.split('_').map(Number)
  const at = (index: number) => new Date(Date.UTC(year, index, 1)).toISOString()
  return [at(number - 1), at(number)]
}
