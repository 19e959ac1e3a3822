import { type SelectQueryBuilder, sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import { condition, type Filter, type Order, type Page } from '../platform/db/list.ts'
import type { Tables } from '../platform/db/tables.ts'
import type { AuditRow, AuditScope } from './model.ts'

/** Columns that a list may be filtered and sorted by. */
export type AuditField =
  | 'id'
  | 'op_time'
  | 'project_id'
  | 'operation'
  | 'resource_type'
  | 'resource'
  | 'username'
  | 'op_result'

/** What is asked for: rows in this scope that match all filters. */
export interface AuditSelection {
  scope: AuditScope
  filters: readonly Filter<AuditField>[]
}

export async function countRows(db: Database, selection: AuditSelection): Promise<number> {
  const row = await matching(db, selection)
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(row.count)
}

export async function listRows(
  db: Database,
  selection: AuditSelection,
  orders: readonly Order<AuditField>[],
  page: Page,
): Promise<AuditRow[]> {
  let query = matching(db, selection).selectAll()
  for (const { field, descending } of withTies(orders))
    query = query.orderBy(field, descending ? 'desc' : 'asc')
  const rows = await query.limit(page.limit).offset(page.offset).execute()
  return rows.map((row) => ({
    id: row.id,
    opTime: row.op_time,
    projectId: row.project_id,
    projectName: row.project_name,
    operation: row.operation,
    resourceType: row.resource_type,
    resource: row.resource,
    username: row.username,
    description: row.op_desc,
    succeeded: row.op_result,
    address: row.source_ip ?? undefined,
  }))
}

/** Newest first where nothing else is asked for, and among equals. */
function withTies(orders: readonly Order<AuditField>[]): Order<AuditField>[] {
  const named = new Set(orders.map(({ field }) => field))
  const descending = orders.find(({ field }) => field === 'op_time')?.descending ?? true
  const ties: Order<AuditField>[] = [
    { field: 'op_time', descending },
    { field: 'id', descending },
  ]
  return [...orders, ...ties.filter(({ field }) => !named.has(field))]
}

function matching(
  db: Database,
  { scope, filters }: AuditSelection,
): SelectQueryBuilder<Tables, 'audit_log', object> {
  let query = db.selectFrom('audit_log')
  if (!scope.all) query = query.where(sql<boolean>`project_id = ANY(${[...scope.projectIds]}::bigint[])`)
  for (const filter of filters) query = query.where(condition(sql.ref(filter.field), filter))
  return query
}
