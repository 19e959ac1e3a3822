import { sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import { changeCounts, changeUserCounts } from './cells-store.ts'
import type { NewAuditRow } from './model.ts'
import { ensurePartitions } from './partition-store.ts'

const ADDED = { name: 'added', change: 'add' } as const

/**
 * Writes rows, and counts them, in one statement; partitions are made for them where need be. Counts are locked in one
 * order by everybody.
 */
export async function insertRows(tx: Database, rows: readonly NewAuditRow[]): Promise<void> {
  if (rows.length === 0) return
  await ensurePartitions(
    tx,
    rows.map((row) => row.opTime),
  )
  const values = rows.map((row, ordinal) => ({
    ordinal,
    op_time: row.opTime,
    project_id: row.projectId,
    operation: row.operation,
    resource_type: row.resourceType,
    resource: row.resource,
    project_name: row.projectName,
    username: row.username,
    op_desc: row.description,
    op_result: row.succeeded,
    source_ip: row.address ?? null,
  }))
  await sql`
    WITH added AS (
      INSERT INTO audit_log (op_time, project_id, operation, resource_type, resource, project_name, username,
        op_desc, op_result, source_ip)
      SELECT op_time, project_id, operation, resource_type, resource, coalesce(nullif(project_name, ''), p.name, ''),
        username, op_desc, op_result, source_ip
      FROM jsonb_to_recordset(${JSON.stringify(values)}::jsonb) AS r(ordinal integer, op_time timestamptz,
        project_id bigint, operation text, resource_type text, resource text, project_name text, username text,
        op_desc text, op_result boolean, source_ip text)
      LEFT JOIN projects p ON p.id = r.project_id
      ORDER BY ordinal
      RETURNING op_time, project_id, operation, resource_type, username, op_result
    ), users AS (${changeUserCounts(ADDED)})
    ${changeCounts(ADDED)}`.execute(tx)
}
