import type { Database } from '../platform/db/database.ts'
import type { Order, Page } from '../platform/db/list.ts'
import { nearestWindow } from '../platform/db/window.ts'
import type { ResourceOrder } from './by-resource.ts'
import { countGroups, countPeriods, countRows, type GroupField } from './counts-store.ts'
import type { Group } from './groups.ts'
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

export interface ListingDeps {
  db: Database
  byResource: ResourceOrder
  /** Of the rows of one value. */
  inGroup?: typeof IN_GROUP
}

/** So many are sorted at once, and so many from an end on are passed over by an index. */
const IN_GROUP = { sorted: 2000, passedOver: 100 }
/** So many rows are not sorted if an index has their order. */
const MANY_ROWS = 20_000

const NEWEST_FIRST: readonly Order<AuditField>[] = [{ field: 'op_time', descending: true }]
const GROUPS: readonly AuditField[] = [
  'operation',
  'resource_type',
  'username',
  'project_id',
  'op_result',
] satisfies GroupField[]

/**
 * One page of the entries, newest first unless asked otherwise, and how many there are. Counts say how many, and in
 * which days or thirds of months the page lies, so that hardly more than the page is read of a million.
 */
export async function listEntries(
  deps: ListingDeps,
  selection: AuditSelection,
  orders: readonly Order<AuditField>[],
  page: Page,
): Promise<AuditPage> {
  const { scope, filters } = selection
  if (!scope.all && scope.projectIds.length === 0) return { rows: [], total: 0 }
  const named = byTime(orders)
  if (isSearch(filters)) return search(deps.db, selection, named, page)
  const [first, ...others] = named
  if (!first || first.field === 'op_time')
    return listByTime(deps.db, selection, first ? named : NEWEST_FIRST, page)
  if (isGrouped(first) && (!others[0] || others[0].field === 'op_time')) {
    const groups = await countGroups(deps.db, selection, first.field)
    const inGroup = others[0] ? others : [{ field: 'op_time', descending: first.descending } as const]
    if (groups) return listByGroup(deps, selection, { ...first, groups, inGroup }, page)
  }

  const [then] = others
  // The other way round among equals is no order of the index.
  if (first.field === 'resource' && (!then || isTimeAlike(first, then))) {
    const found = await deps.byResource.list(selection, first, page)
    if (found) return found
  }
  const periods = await countPeriods(deps.db, selection)
  const total = periods ? sum(periods) : await countRows(deps.db, selection)
  const window = nearestWindow(page, total)
  // The index of resources has the order; where few match, they are read and sorted instead.
  const few = first.field !== 'resource' || total < MANY_ROWS
  return { rows: await listRows(deps.db, selection, named, window, { few }), total }
}

/** Entries by time, and what comes behind it in the order. */
async function listByTime(
  db: Database,
  selection: AuditSelection,
  orders: readonly Order<AuditField>[],
  page: Page,
): Promise<AuditPage> {
  const periods = await countPeriods(db, selection)
  if (!periods) {
    const total = await countRows(db, selection)
    const rows = await listRows(db, selection, orders, nearestWindow(page, total), { few: true })
    return { rows, total }
  }
  const total = sum(periods)
  const place = locate(orders[0]?.descending ? periods.toReversed() : periods, page)
  if (!place) return { rows: [], total }
  const window = nearestWindow({ offset: place.offset, limit: page.limit }, place.rows)
  return { rows: await listRows(db, selection, orders, window, { few: false, span: place.span }), total }
}

/** Rows of a page that are in one group, or in several ones that it shows whole. */
interface Share extends Page {
  values: Group['value'][]
  /** Of these values, on all pages. */
  rows: number
}

/** Values of a column that has few: those that the page shows, one after the other, each by time. */
async function listByGroup(
  { db, inGroup: atHand = IN_GROUP }: ListingDeps,
  selection: AuditSelection,
  by: { field: GroupField; descending: boolean; groups: Group[]; inGroup: readonly Order<AuditField>[] },
  page: Page,
): Promise<AuditPage> {
  const rows: AuditRow[] = []
  for (const { values, ...share } of sharesOf(by.descending ? by.groups.toReversed() : by.groups, page)) {
    const [value, ...others] = values
    if (value === undefined) continue
    if (others.length === 0) {
      const filters = [...selection.filters, { field: by.field, op: 'exact', value } as const]
      const group = { ...selection, filters }
      const window = nearestWindow(share, share.rows)
      const few = share.rows <= atHand.sorted
      // To find where in time the page lies would take longer than to sort few rows, or to pass over a few of many.
      const isAtHand = few || window.offset + window.limit <= atHand.passedOver
      rows.push(
        ...(isAtHand
          ? await listRows(db, group, by.inGroup, window, { few })
          : (await listByTime(db, group, by.inGroup, share)).rows),
      )
    } else {
      const filters = [...selection.filters, { field: by.field, op: 'any', values } as const]
      const orders = [by, ...by.inGroup]
      const window = { ...share, backwards: false }
      rows.push(...(await listRows(db, { ...selection, filters }, orders, window, { few: true })))
    }
  }
  return { rows, total: sum(by.groups) }
}

/** What a page shows of groups: the end of one, some whole ones, the beginning of another: three statements at most. */
function sharesOf(groups: readonly Group[], page: Page): Share[] {
  const shares: Share[] = []
  let { offset, limit } = page
  let whole: Share | undefined
  for (const { value, rows } of groups) {
    if (limit === 0) break
    const count = Math.min(Math.max(rows - offset, 0), limit)
    if (count === rows && whole) {
      whole.values.push(value)
      whole.limit += count
      whole.rows += rows
    } else if (count > 0) {
      const share = { values: [value], offset, limit: count, rows }
      if (count === rows) whole = share
      shares.push(share)
    }
    offset = Math.max(offset - rows, 0)
    limit -= count
  }
  return shares
}

/** Ids are given out as entries are written, seconds after what they tell of: who sorts by id means their order in time. */
function byTime(orders: readonly Order<AuditField>[]): Order<AuditField>[] {
  const at = orders.findIndex(({ field }) => field === 'id')
  const named = at < 0 ? orders : orders.slice(0, at)
  const id = at < 0 ? undefined : orders[at]
  if (!id || named.some(({ field }) => field === 'op_time')) return [...named]
  return [...named, { field: 'op_time', descending: id.descending }]
}

function isTimeAlike(first: Order<AuditField>, then: Order<AuditField>): boolean {
  return then.field === 'op_time' && then.descending === first.descending
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
