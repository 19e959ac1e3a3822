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
  scope: AuditScope
  filters: readonly AuditFilter[]
}

/**
 * Which counts tell how many rows a selection has: of days, of projects, of user names, of user names in projects;
 * undefined: none do.
 */
export type Grain = 'd' | 'p' | 'u' | 'x' | undefined

/** From the first moment on, up to before the second. */
export interface Span {
  from: Date
  to: Date
}

/** So many rows of a selection within a span. */
export interface Period extends Span {
  rows: number
}

/** The grain whose cells have every column that the selection asks about, besides time. */
export function grainOf({ scope, filters }: AuditSelection): Grain {
  const fields = new Set(filters.filter((filter) => !isRange(filter)).map(({ field }) => field))
  if (fields.has('resource') || fields.has('id') || fields.has('op_time')) return undefined
  const byProject = !scope.all || fields.has('project_id')
  const byUser = fields.has('username')
  if (byProject && byUser) return hasOnly(fields, ['project_id', 'username']) ? 'x' : undefined
  if (byProject) return 'p'
  return byUser ? 'u' : 'd'
}

function hasOnly(fields: ReadonlySet<AuditField>, names: readonly AuditField[]): boolean {
  return [...fields].every((field) => names.includes(field))
}

/** The span that filters on time leave, and the other filters. Ends are part of a range, to the millisecond. */
export function takeRange(filters: readonly AuditFilter[]): { span: Partial<Span>; others: AuditFilter[] } {
  const span: Partial<Span> = {}
  for (const filter of filters) {
    if (!isRange(filter)) continue
    const { min, max } = filter
    if (min instanceof Date && (!span.from || min > span.from)) span.from = min
    if (max instanceof Date) {
      const to = new Date(max.getTime() + 1)
      if (!span.to || to < span.to) span.to = to
    }
  }
  return { span, others: filters.filter((filter) => !isRange(filter)) }
}

function isRange(filter: AuditFilter): filter is Extract<AuditFilter, { op: 'range' }> {
  return filter.op === 'range' && filter.field === 'op_time'
}

/** The day (`d`), month (`x`) or third of a month that begins at `first`. */
export function spanOf(grain: 'd' | 'p' | 'u' | 'x', first: Date): Span {
  const [year, month, day] = [first.getUTCFullYear(), first.getUTCMonth(), first.getUTCDate()]
  if (grain === 'd') return { from: first, to: new Date(Date.UTC(year, month, day + 1)) }
  if (grain === 'x') return { from: first, to: new Date(Date.UTC(year, month + 1, 1)) }
  return {
    from: first,
    to: new Date(Date.UTC(year, day >= 21 ? month + 1 : month, day >= 21 ? 1 : day + 10)),
  }
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
