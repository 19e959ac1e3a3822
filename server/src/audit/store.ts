import { sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import type { NewAuditRow } from './model.ts'
import { ensurePartitions } from './partition-store.ts'

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
    ), users AS (
      INSERT INTO audit_user_counts (project_id, username, period, rows)
      SELECT project_id, username, date_trunc('month', op_time AT TIME ZONE 'UTC')::date, count(*)
      FROM added GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
      ON CONFLICT (project_id, username, period) DO UPDATE SET rows = audit_user_counts.rows + excluded.rows
    )
    INSERT INTO audit_counts (grain, project_id, username, period, operation, resource_type, op_result, rows)
    SELECT g.grain, g.project_id, g.username, g.period, a.operation, a.resource_type, a.op_result, count(*)
    FROM added a
    CROSS JOIN LATERAL (SELECT (a.op_time AT TIME ZONE 'UTC')::date AS day) t
    CROSS JOIN LATERAL (SELECT t.day - (extract(day FROM t.day)::integer - 1
      - least((extract(day FROM t.day)::integer - 1) / 10, 2) * 10) AS third) u
    CROSS JOIN LATERAL (VALUES ('d', 0::bigint, '', t.day), ('p', a.project_id, '', u.third),
      ('u', 0::bigint, a.username, u.third)) AS g(grain, project_id, username, period)
    GROUP BY 1, 2, 3, 4, 5, 6, 7
    ORDER BY 1, 2, 3, 4, 5, 6, 7
    ON CONFLICT (grain, project_id, username, period, operation, resource_type, op_result)
      DO UPDATE SET rows = audit_counts.rows + excluded.rows`.execute(tx)
}
