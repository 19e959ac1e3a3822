import { type SelectQueryBuilder, sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import { condition, type Order, type Page } from '../platform/db/list.ts'
import { direction, inOrder, type Window } from '../platform/db/window.ts'
import type { Landmark } from './landmarks.ts'
import type { AuditRow, AuditScope } from './model.ts'
import type { AuditField, AuditFilter, AuditSelection, Span } from './selection.ts'

/** Rows that a search for a part of a resource's name looks at, the newest. */
export const MOST_SEARCHED = 75_000

/**
 * Rows of a window, found by an index alone and read then. Among equals the times go the same way as the rest. `few`: all that
 * match are found first, or else an index would be followed for its order, past all the others.
 */
export async function listRows(
  db: Database,
  selection: AuditSelection,
  orders: readonly Order<AuditField>[],
  window: Window,
  { few, span, between }: { few: boolean; span?: Span; between?: Between },
): Promise<AuditRow[]> {
  if (window.limit === 0) return []
  const complete = withTies(orders)
  const fields = [...new Set<AuditField>(['op_time', 'id', ...complete.map(({ field }) => field)])]
  let found = matching(db, selection, span).select(fields)
  if (between?.from) found = found.where(sql<boolean>`${KEY} >= ${keyOf(between.from)}`)
  if (between?.to) found = found.where(sql<boolean>`${KEY} < ${keyOf(between.to)}`)
  const source = few
    ? db
        .with(
          (name) => name('found').materialized(),
          () => found,
        )
        .selectFrom('found')
    : db.selectFrom(found.as('found'))
  return await readRows(db, selection, complete, window, source.select(['op_time', 'id']))
}

/**
 * Rows of a window that are found among so many entries at that end of the index of resources; fewer than asked for where
 * there are not enough among these.
 */
export async function walkRows(
  db: Database,
  selection: AuditSelection,
  order: Order<AuditField>,
  window: Window,
  entries: number,
): Promise<AuditRow[]> {
  const complete = withTies([order])
  let walked = db.selectFrom(logOf(selection).as('walked')).select(INDEXED).limit(entries)
  for (const by of complete) walked = walked.orderBy(by.field, direction(window, by))
  const found = narrow(db.selectFrom(walked.as('walked')), selection.scope, selection.filters)
  return await readRows(db, selection, complete, window, found.select(['op_time', 'id']))
}

/** The rows of those keys that are in the window. */
async function readRows<DB, TB extends keyof DB>(
  db: Database,
  selection: AuditSelection,
  complete: readonly Order<AuditField>[],
  window: Window,
  found: SelectQueryBuilder<DB, TB, Pick<Row, 'op_time' | 'id'>>,
): Promise<AuditRow[]> {
  let keys = found
  for (const order of complete) keys = keys.orderBy(sql.ref(order.field), direction(window, order))
  const rows = await db
    .selectFrom(keys.limit(window.limit).offset(window.offset).as('key'))
    .innerJoin(logOf(selection).as('a'), (join) =>
      join.onRef('a.op_time', '=', 'key.op_time').onRef('a.id', '=', 'key.id'),
    )
    .selectAll('a')
    .$call((query) =>
      complete.reduce(
        (ordered, order) => ordered.orderBy(`a.${order.field}`, direction(window, order)),
        query,
      ),
    )
    .execute()

  return inOrder(window, rows.map(toRow))
}

/** A page of what a search finds and how much it finds, looked through once; the total of a page behind the end is 0. */
export async function searchRows(
  db: Database,
  selection: AuditSelection,
  orders: readonly Order<AuditField>[],
  page: Page,
): Promise<{ rows: AuditRow[]; total: number }> {
  let found = matching(db, selection)
    .selectAll()
    .select((eb) => eb.fn.countAll<number>().over().as('total'))
  for (const order of withTies(orders)) found = found.orderBy(order.field, order.descending ? 'desc' : 'asc')
  const rows = await found.limit(page.limit).offset(page.offset).execute()

  return { rows: rows.map(toRow), total: rows[0]?.total ?? 0 }
}

/** Rows of the selection, within the span if there is one. */
export function matching(db: Database, selection: AuditSelection, span?: Span) {
  const { scope, filters } = selection
  const isSearch = filters.some((filter) => filter.field === 'resource' && filter.op === 'fuzzy')
  const isLast = ({ field }: AuditFilter) => isSearch && field === 'resource'
  let query = db.selectFrom(logOf(selection).as('audit_log'))
  if (span) query = query.where('op_time', '>=', span.from).where('op_time', '<', span.to)
  query = narrow(
    query,
    scope,
    filters.filter((filter) => !isLast(filter)),
  )
  if (!isSearch) return query

  const newest = query.selectAll().orderBy('op_time', 'desc').orderBy('id', 'desc').limit(MOST_SEARCHED)
  const search = narrow(db.selectFrom(newest.as('audit_log')), EVERYWHERE, filters.filter(isLast))
  return search as unknown as typeof query
}

const EVERYWHERE: AuditScope = { all: true, projectIds: [] }

function narrow<DB, TB extends keyof DB, Output>(
  query: SelectQueryBuilder<DB, TB, Output>,
  scope: AuditScope,
  filters: readonly AuditFilter[],
): SelectQueryBuilder<DB, TB, Output> {
  let narrowed = query
  if (!scope.all)
    narrowed = narrowed.where(sql<boolean>`project_id = ANY(${[...scope.projectIds]}::bigint[])`)
  for (const filter of filters) narrowed = narrowed.where(condition(sql.ref(filter.field), filter))
  return narrowed
}

/** Rows from the first landmark on, up to before the second, in the order by resource. */
interface Between {
  from?: Landmark | undefined
  to?: Landmark | undefined
}

/** Columns of the index of resources. */
const INDEXED = [
  'resource',
  'op_time',
  'id',
  'project_id',
  'operation',
  'resource_type',
  'username',
  'op_result',
] as const
const KEY = sql`(resource, op_time, id)`

function keyOf({ resource, time, id }: Landmark) {
  return sql`(${resource}, ${time}::timestamptz, ${id}::bigint)`
}

/** The rows of a log. Those that were taken over say less, and what they do not say is the same of all. */
function logOf({ legacy }: AuditSelection) {
  if (!legacy) return sql<Row>`audit_log`
  return sql<Row>`(SELECT id, op_time, project_id, '' AS project_name, operation, resource_type, resource, username,
    '' AS op_desc, true AS op_result, NULL AS source_ip FROM legacy_audit_log)`
}

function withTies(orders: readonly Order<AuditField>[]): Order<AuditField>[] {
  const named = new Set(orders.map(({ field }) => field))
  const descending = orders.at(-1)?.descending ?? true
  const ties: Order<AuditField>[] = [
    { field: 'op_time', descending },
    { field: 'id', descending },
  ]
  return named.has('id') ? [...orders] : [...orders, ...ties.filter(({ field }) => !named.has(field))]
}

interface Row {
  id: number
  op_time: Date
  project_id: number
  project_name: string
  operation: string
  resource_type: string
  resource: string
  username: string
  op_desc: string
  op_result: boolean
  source_ip: string | null
}

function toRow(row: Row): AuditRow {
  return {
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
  }
}
