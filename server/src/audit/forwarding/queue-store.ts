import { sql } from 'kysely'
import type { Database } from '../../platform/db/database.ts'
import type { NewAuditRow } from '../model.ts'

/** An entry as receivers see it. */
export interface ForwardedEntry {
  time: string
  operation: string
  resource_type: string
  resource: string
  project_id: number
  project_name: string
  username: string
  description: string
  succeeded: boolean
  source_ip: string
}

/** Puts entries into the queue, in their order. */
export async function insertForwards(tx: Database, rows: readonly NewAuditRow[]): Promise<void> {
  if (rows.length === 0) return
  const entries = rows.map(
    (row): ForwardedEntry => ({
      time: row.opTime.toISOString(),
      operation: row.operation,
      resource_type: row.resourceType,
      resource: row.resource,
      project_id: row.projectId,
      project_name: row.projectName,
      username: row.username,
      description: row.description,
      succeeded: row.succeeded,
      source_ip: row.address ?? '',
    }),
  )
  await sql`
    INSERT INTO audit_forwards (entry)
    SELECT e.entry || jsonb_build_object('project_name',
      coalesce(nullif(e.entry->>'project_name', ''), p.name, ''))
    FROM jsonb_array_elements(${JSON.stringify(entries)}::jsonb) WITH ORDINALITY AS e(entry, ordinal)
    LEFT JOIN projects p ON p.id = (e.entry->>'project_id')::bigint
    ORDER BY e.ordinal`.execute(tx)
}

const FORWARDING = 7_104_020

/**
 * Makes this transaction the one that forwards, or answers false: another one does. Takes no transaction id, and holds up
 * nothing while the receiver is being waited for.
 */
export async function takeForwarding(tx: Database): Promise<boolean> {
  const result = await sql<{
    taken: boolean
  }>`SELECT pg_try_advisory_xact_lock(${FORWARDING}) AS taken`.execute(tx)
  return result.rows[0]?.taken === true
}

/** The oldest entries that wait. */
export async function selectForwards(
  tx: Database,
  limit: number,
): Promise<{ id: number; entry: ForwardedEntry }[]> {
  const result = await sql<{ id: number; entry: ForwardedEntry }>`
    SELECT id, entry FROM audit_forwards ORDER BY id LIMIT ${limit}`.execute(tx)

  return result.rows
}

export async function deleteForwards(tx: Database, ids: readonly number[]): Promise<void> {
  await sql`DELETE FROM audit_forwards WHERE id = any(${[...ids]}::bigint[])`.execute(tx)
}

/** The newest of those that are too many where only so many may wait; undefined where no more do. */
export async function findForwardsToDrop(db: Database, most: number): Promise<number | undefined> {
  const result = await sql<{ id: number }>`
    SELECT id FROM audit_forwards ORDER BY id DESC OFFSET ${most} LIMIT 1`.execute(db)

  return result.rows[0]?.id
}

/** Deletes the oldest entries, up to one and at most so many; answers how many. */
export async function deleteForwardsUpTo(db: Database, last: number, limit: number): Promise<number> {
  const result = await sql`
    DELETE FROM audit_forwards WHERE id = ANY(ARRAY(
      SELECT id FROM audit_forwards WHERE id <= ${last} ORDER BY id LIMIT ${limit}))`.execute(db)

  return Number(result.numAffectedRows ?? 0n)
}

/** How many entries wait, counted up to `most`. */
export async function countForwards(db: Database, most: number): Promise<number> {
  const result = await sql<{ count: number }>`
    SELECT count(*)::int AS count FROM (SELECT FROM audit_forwards LIMIT ${most}) AS bounded`.execute(db)

  return result.rows[0]?.count ?? 0
}
