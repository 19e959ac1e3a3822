import { sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import { changeCounts, changeUserCounts } from './cells-store.ts'
import type { NewAuditRow } from './model.ts'
import { ensurePartitions } from './partition-store.ts'

const ADDED = { name: 'added', change: 'add' } as const

/**
 * Writes rows, and counts them, in one statement; partitions are made for them where need be. Rows that differ in their
 * time alone, as thousands of pulls of one image do, are sent as one text. Counts are locked in one order by everybody.
 */
export async function insertRows(tx: Database, rows: readonly NewAuditRow[]): Promise<void> {
  if (rows.length === 0) return
  await ensurePartitions(
    tx,
    rows.map((row) => row.opTime),
  )
  const texts = new Map<string, { kind: number; row: NewAuditRow }>()
  const kinds = rows.map((row) => {
    const text = textOf(row)
    const known = texts.get(text)
    if (known) return known.kind
    texts.set(text, { kind: texts.size, row })
    return texts.size - 1
  })
  const times = rows.map((row) => row.opTime.getTime())
  await sql`
    WITH added AS (
      INSERT INTO audit_log (op_time, project_id, operation, resource_type, resource, project_name, username,
        op_desc, op_result, source_ip)
      SELECT to_timestamp(e.milliseconds / 1000.0), project_id, operation, resource_type, resource, called,
        username, op_desc, op_result, source_ip
      FROM unnest(${arrayOf(kinds)}::integer[], ${arrayOf(times)}::bigint[])
        WITH ORDINALITY AS e(kind, milliseconds, ordinal)
      JOIN (
        SELECT r.*, coalesce(nullif(r.project_name, ''), p.name, '') AS called
        FROM jsonb_to_recordset(${JSON.stringify([...texts.values()].map(toKind))}::jsonb) AS r(kind integer,
          project_id bigint, operation text, resource_type text, resource text, project_name text, username text,
          op_desc text, op_result boolean, source_ip text)
        LEFT JOIN projects p ON p.id = r.project_id OFFSET 0
      ) r ON r.kind = e.kind
      ORDER BY e.ordinal
      RETURNING op_time, project_id, operation, resource_type, username, op_result
    ), users AS (${changeUserCounts(ADDED)})
    ${changeCounts(ADDED)}`.execute(tx)
}

/** All of a row but its time. No text in it has a NUL, which PostgreSQL would not take. */
function textOf(row: NewAuditRow): string {
  const of = `${row.projectId}\0${row.projectName}\0${row.operation}\0${row.resourceType}\0${row.resource}`
  return `${of}\0${row.description}\0${row.username}\0${row.address ?? ''}\0${row.succeeded}`
}

function toKind({ kind, row }: { kind: number; row: NewAuditRow }) {
  return {
    kind,
    project_id: row.projectId,
    operation: row.operation,
    resource_type: row.resourceType,
    resource: row.resource,
    project_name: row.projectName,
    username: row.username,
    op_desc: row.description,
    op_result: row.succeeded,
    source_ip: row.address ?? null,
  }
}

/** As PostgreSQL writes arrays of numbers. */
function arrayOf(numbers: readonly number[]): string {
  return `{${numbers.join(',')}}`
}
