import { sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import { condition, type Filter, type Order, type Page } from '../platform/db/list.ts'
import type { AuditScope, LegacyAuditRow } from './model.ts'

export type LegacyAuditField =
  | 'id'
  | 'op_time'
  | 'project_id'
  | 'operation'
  | 'resource_type'
  | 'resource'
  | 'username'

/** One page of the entries taken over from an earlier Harbor, newest first unless asked otherwise, and how many there are. */
export async function listLegacyRows(
  db: Database,
  scope: AuditScope,
  filters: readonly Filter<LegacyAuditField>[],
  orders: readonly Order<LegacyAuditField>[],
  page: Page,
): Promise<{ rows: LegacyAuditRow[]; total: number }> {
  let query = db.selectFrom('legacy_audit_log')
  if (!scope.all) query = query.where(sql<boolean>`project_id = ANY(${[...scope.projectIds]}::bigint[])`)
  for (const filter of filters) query = query.where(condition(sql.ref(filter.field), filter))
  const { count } = await query.select((eb) => eb.fn.countAll<number>().as('count')).executeTakeFirstOrThrow()
  if (count <= page.offset) return { rows: [], total: count }

  let ordered = query.selectAll()
  for (const { field, descending } of orders) ordered = ordered.orderBy(field, descending ? 'desc' : 'asc')
  const rows = await ordered
    .orderBy('op_time', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit)
    .offset(page.offset)
    .execute()
  return {
    total: count,
    rows: rows.map((row) => ({
      id: row.id,
      opTime: row.op_time,
      projectId: row.project_id,
      operation: row.operation,
      resourceType: row.resource_type,
      resource: row.resource,
      username: row.username,
    })),
  }
}
