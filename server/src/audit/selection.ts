import type { Filter } from '../platform/db/list.ts'
import type { AuditScope } from './model.ts'

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

export type AuditFilter = Filter<AuditField>

/** What is asked for: rows in this scope that match all filters. */
export interface AuditSelection {
  /** Of the log that was taken over from an earlier Harbor, not of the present one. */
  legacy?: boolean
  scope: AuditScope
  filters: readonly AuditFilter[]
}

/**
 * Which counts tell how many rows a selection has: of days, of projects, of user names, of user names in projects.
 * Days have cells of all kinds, few enough; the others have cells of all time beside those of periods.
 */
export type Grain = 'd' | 'p' | 'u' | 'x'

/** From the first moment on, up to before the second. */
export interface Span {
  from: Date
  to: Date
}

/** A span whose ends may be open. */
interface Ends {
  from?: Date | undefined
  to?: Date | undefined
}

/** So many rows of a selection within a span. */
export interface Period extends Span {
  rows: number
}

/** The grain whose cells have every column that the selection asks about, and `field`, besides time; undefined: none. */
export function grainOf({ scope, filters }: AuditSelection, field?: AuditField): Grain | undefined {
  const fields = new Set(filters.filter((filter) => !isRange(filter)).map((filter) => filter.field))
  if (field) fields.add(field)
  if (fields.has('resource') || fields.has('id') || fields.has('op_time')) return undefined
  const byProject = !scope.all || fields.has('project_id')
  const byUser = fields.has('username')
  if (byProject) return byUser ? 'x' : 'p'
  return byUser ? 'u' : 'd'
}

/** The span that filters on time leave, and the other filters. A span ends before its `to`, to the millisecond. */
export function takeRange(filters: readonly AuditFilter[]): { span: Partial<Span>; others: AuditFilter[] } {
  const span: Partial<Span> = {}
  for (const filter of filters) {
    if (!isRange(filter)) continue
    const { min, max, exclusive } = filter
    if (min instanceof Date) {
      const from = exclusive ? new Date(min.getTime() + 1) : min
      if (!span.from || from > span.from) span.from = from
    }
    if (max instanceof Date) {
      const to = exclusive ? max : new Date(max.getTime() + 1)
      if (!span.to || to < span.to) span.to = to
    }
  }
  return { span, others: filters.filter((filter) => !isRange(filter)) }
}

function isRange(filter: AuditFilter): filter is Extract<AuditFilter, { op: 'range' }> {
  return filter.op === 'range' && filter.field === 'op_time'
}

/** The day (`d`), month (`x`) or third of a month that begins at `first`. */
export function spanOf(grain: Grain, first: Date): Span {
  const [year, month, day] = [first.getUTCFullYear(), first.getUTCMonth(), first.getUTCDate()]
  if (grain === 'd') return { from: first, to: new Date(Date.UTC(year, month, day + 1)) }
  if (grain === 'x') return { from: first, to: new Date(Date.UTC(year, month + 1, 1)) }
  return {
    from: first,
    to: new Date(Date.UTC(year, day >= 21 ? month + 1 : month, day >= 21 ? 1 : day + 10)),
  }
}

/** The period of the grain that a moment is in. */
function periodAt(grain: Grain, time: Date): Span {
  const [year, month, day] = [time.getUTCFullYear(), time.getUTCMonth(), time.getUTCDate()]
  const third = day >= 21 ? 21 : day >= 11 ? 11 : 1
  return spanOf(grain, new Date(Date.UTC(year, month, grain === 'd' ? day : grain === 'x' ? 1 : third)))
}

/** How the rows of a span are put together: whole periods, and rows to be counted and added, or taken off again. */
export interface Parts {
  /** From the first period that begins here, up to the last that ends here. */
  periods: Partial<Span> | undefined
  rows: { span: Span; sign: 1 | -1 }[]
}

/** The parts of a span; where it cuts a period, the shorter side of the cut is counted. */
export function takeApart(grain: Grain, { from, to }: Ends): Parts {
  if (from && to && from >= to) return { periods: undefined, rows: [] }
  const first = from && periodAt(grain, from)
  const last = to && periodAt(grain, to)
  if (from && to && first?.from.getTime() === last?.from.getTime())
    return { periods: undefined, rows: [{ span: { from, to }, sign: 1 }] }

  const periods: Partial<Span> = {}
  const rows: Parts['rows'] = []
  if (from && first) {
    const isMostlyIn = first.to.getTime() - from.getTime() > from.getTime() - first.from.getTime()
    periods.from = isMostlyIn ? first.from : first.to
    rows.push(
      isMostlyIn
        ? { span: { from: first.from, to: from }, sign: -1 }
        : { span: { from, to: first.to }, sign: 1 },
    )
  }
  if (to && last) {
    const isMostlyIn = to.getTime() - last.from.getTime() > last.to.getTime() - to.getTime()
    periods.to = isMostlyIn ? last.to : last.from
    rows.push(
      isMostlyIn ? { span: { from: to, to: last.to }, sign: -1 } : { span: { from: last.from, to }, sign: 1 },
    )
  }
  return { periods, rows: rows.filter(({ span }) => span.from < span.to) }
}

/** The part of a span that lies within another; undefined where there is none. */
export function clip(span: Span, within: Partial<Span>): Span | undefined {
  const from = within.from && within.from > span.from ? within.from : span.from
  const to = within.to && within.to < span.to ? within.to : span.to
  return from < to ? { from, to } : undefined
}

/**
 * Where a page lies: the span of the neighbouring periods that hold it, how many rows they have, and how many of
 * them are to be passed over. Periods in the order of the list; undefined behind its end.
 */
export function locate(
  periods: readonly Period[],
  { offset, limit }: { offset: number; limit: number },
): { span: Span; rows: number; offset: number } | undefined {
  let before = 0
  let index = 0
  for (; index < periods.length; index += 1) {
    const rows = periods[index]?.rows ?? 0
    if (before + rows > offset) break
    before += rows
  }
  const first = periods[index]
  if (!first) return undefined

  let rows = 0
  let { from, to } = first
  for (const period of periods.slice(index)) {
    rows += period.rows
    if (period.from < from) from = period.from
    if (period.to > to) to = period.to
    if (rows >= offset - before + limit) break
  }
  return { span: { from, to }, rows, offset: offset - before }
}
