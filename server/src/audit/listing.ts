import type { Database } from '../platform/db/database.ts'
import type { Order, Page } from '../platform/db/list.ts'
import { nearestWindow } from '../platform/db/window.ts'
import { countGroups, countPeriods, countRows, type GroupField } from './counts-store.ts'
import { listRows, MOST_SEARCHED, searchRows } from './list-store.ts'
import type { AuditRow } from './model.ts'
import { type AuditField, type AuditFilter, type AuditSelection, locate, type Period } from './selection.ts'

/** A page of entries. */
export interface AuditPage {
  rows: AuditRow[]
  total: number
  /** Set where only so many of the newest entries were looked at. */
  searched?: number
}

const GROUPS: readonly AuditField[] = ['operation', 'resource_type', 'username'] satisfies GroupField[]

/**
 * One page of the entries, newest first unless asked otherwise, and how many there are. Counts say how many, and in
 * which days or thirds of months the page lies, so that hardly more than the page is read of a million.
 */
export async function listEntries(
  deps: { db: Database },
  selection: AuditSelection,
  orders: readonly Order<AuditField>[],
  page: Page,
): Promise<AuditPage> {
  const { scope, filters } = selection
  if (!scope.all && scope.projectIds.length === 0) return { rows: [], total: 0 }
  if (isSearch(filters)) return search(deps.db, selection, orders, page)
  const [first] = orders
  // Ids are given out as entries are written, seconds after what they tell of: who sorts by id means their order in time.
  if (!first || first.field === 'op_time' || first.field === 'id')
    return listByTime(deps.db, selection, first?.descending ?? true, page)
  if (isGrouped(first)) {
    const groups = await countGroups(deps.db, selection, first.field)
    if (groups && orders.length === 1) return listByGroup(deps.db, selection, { ...first, groups }, page)
  }

  const periods = await countPeriods(deps.db, selection)
  const total = periods ? sum(periods) : await countRows(deps.db, selection)
  const rows = await listRows(deps.db, selection, orders, nearestWindow(page, total))
  return { rows, total }
}

async function listByTime(
  db: Database,
  selection: AuditSelection,
  descending: boolean,
  page: Page,
): Promise<AuditPage> {
  const orders: Order<AuditField>[] = [{ field: 'op_time', descending }]
  const periods = await countPeriods(db, selection)
  if (!periods) {
    const total = await countRows(db, selection)
    const rows = await listRows(db, selection, orders, nearestWindow(page, total))
    return { rows, total }
  }
  const total = sum(periods)
  const place = locate(descending ? periods.toReversed() : periods, page)
  if (!place) return { rows: [], total }
  const window = nearestWindow({ offset: place.offset, limit: page.limit }, place.rows)
  return { rows: await listRows(db, selection, orders, window, place.span), total }
}

/** Values of a column that has few: those that the page shows, one after the other, each by time. */
async function listByGroup(
  db: Database,
  selection: AuditSelection,
  by: { field: GroupField; descending: boolean; groups: { value: string; rows: number }[] },
  page: Page,
): Promise<AuditPage> {
  const rows: AuditRow[] = []
  let { offset } = page
  for (const group of by.descending ? by.groups.toReversed() : by.groups) {
    const limit = page.limit - rows.length
    if (limit === 0) break
    if (offset < group.rows) {
      const filters = [...selection.filters, { field: by.field, op: 'exact', value: group.value } as const]
      const part = await listByTime(db, { ...selection, filters }, by.descending, { offset, limit })
      rows.push(...part.rows)
    }
    offset = Math.max(offset - group.rows, 0)
  }
  return { rows, total: sum(by.groups) }
}

function isGrouped(order: Order<AuditField>): order is Order<GroupField> {
  return GROUPS.includes(order.field)
}

function isSearch(filters: readonly AuditFilter[]): boolean {
  return filters.some(({ field, op }) => field === 'resource' && op === 'fuzzy')
}

/** No index helps to find a part of a name: the newest rows are looked through, and the answer says how many. */
async function search(
  db: Database,
  selection: AuditSelection,
  orders: readonly Order<AuditField>[],
  page: Page,
): Promise<AuditPage> {
  const filters = selection.filters.filter(({ field }) => field !== 'resource')
  const periods = await countPeriods(db, { ...selection, filters })
  const searched = periods && sum(periods) > MOST_SEARCHED ? { searched: MOST_SEARCHED } : {}
  const found = await searchRows(db, selection, orders, page)
  const total = found.total > 0 || page.offset === 0 ? found.total : await countRows(db, selection)
  return { rows: found.rows, total, ...searched }
}

function sum(parts: readonly Pick<Period, 'rows'>[]): number {
  return parts.reduce((total, { rows }) => total + rows, 0)
}
