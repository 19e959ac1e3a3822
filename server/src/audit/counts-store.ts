import { sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import { condition } from '../platform/db/list.ts'
import type { AuditCountsTable } from '../platform/db/tables.ts'
import { type Group, mergeGroups } from './groups.ts'
import { matching } from './list-store.ts'
import {
  type AuditField,
  type AuditSelection,
  clip,
  type Grain,
  grainOf,
  type Period,
  type Span,
  spanOf,
  takeApart,
  takeRange,
} from './selection.ts'

/** So many projects have counts enough to be worth two connections. */
const MANY_PROJECTS = 100

/** Columns that a list can be taken apart by: those that have few values. */
export type GroupField = 'operation' | 'resource_type' | 'username' | 'project_id' | 'op_result'

/** How many rows of the selection each period has, oldest first; undefined where no counts tell. */
export async function countPeriods(db: Database, selection: AuditSelection): Promise<Period[] | undefined> {
  const grain = grainOf(selection)
  if (!grain) return undefined
  const { span, others } = takeRange(selection.filters)
  const asked = { ...selection, filters: others }
  let query = cells(db, asked, grain, 'periods')
  // A cell that begins before the range may reach into it, by a month at most.
  if (span.from) query = query.where('period', '>', sql<Date>`${dayOf(span.from)} - 31`)
  if (span.to) query = query.where('period', '<=', dayOf(span.to))
  const rows = await query
    .select([sql<string>`period::text`.as('first'), ROWS.as('rows')])
    .groupBy('period')
    .orderBy('period')
    .execute()

  const periods: Period[] = []
  for (const row of rows) {
    const whole = spanOf(grain, new Date(`${row.first}T00:00:00Z`))
    const part = clip(whole, span)
    if (!part) continue
    // At most the first and the last are cut by a range.
    const count = await countPart(db, asked, { ...whole, rows: row.rows }, part)
    if (count > 0) periods.push({ ...part, rows: count })
  }
  return periods
}

/** How many rows of a period are in a part of it: these are counted, or those that are not, whichever takes less. */
async function countPart(
  db: Database,
  selection: AuditSelection,
  whole: Period,
  part: Span,
): Promise<number> {
  const [before, behind] = [part.from > whole.from, part.to < whole.to]
  if (!before && !behind) return whole.rows
  const rest = before ? { from: whole.from, to: part.from } : { from: part.to, to: whole.to }
  const lengthOf = ({ from, to }: Span) => to.getTime() - from.getTime()
  if ((before && behind) || lengthOf(part) <= lengthOf(rest)) return await countRows(db, selection, part)
  return whole.rows - (await countRows(db, selection, rest))
}

/** How many rows of the selection have each value of the field, in its order; undefined where no counts tell. */
export async function countGroups(
  db: Database,
  selection: AuditSelection,
  field: GroupField,
): Promise<Group[] | undefined> {
  const grain = grainOf(selection, field)
  if (!grain) return undefined
  const halves = db.isTransaction ? [selection] : halvesOf(selection)
  const [one = [], other = []] = await Promise.all(halves.map((half) => countCells(db, half, field, grain)))
  return mergeGroups(one, other)
}

/** A selection in many projects, as two that are counted beside each other: each on a connection, and a processor, of its own. */
function halvesOf(selection: AuditSelection): AuditSelection[] {
  const { all, projectIds } = selection.scope
  if (all || projectIds.length < MANY_PROJECTS) return [selection]
  const half = Math.ceil(projectIds.length / 2)
  return [projectIds.slice(0, half), projectIds.slice(half)].map((ids) => ({
    ...selection,
    scope: { all, projectIds: ids },
  }))
}

async function countCells(
  db: Database,
  selection: AuditSelection,
  field: GroupField,
  grain: Grain,
): Promise<Group[]> {
  const { span, others } = takeRange(selection.filters)
  const asked = { ...selection, filters: others }
  const value = sql.ref<Group['value']>(field).as('value')
  const isRanged = span.from !== undefined || span.to !== undefined
  const { periods, rows } = isRanged ? takeApart(grain, span) : { periods: {}, rows: [] }

  let query = cells(db, asked, grain, isRanged ? 'periods' : 'all time')
  if (!periods) query = query.where(sql<boolean>`false`)
  if (periods?.from) query = query.where('period', '>=', dayOf(periods.from))
  if (periods?.to) query = query.where('period', '<', dayOf(periods.to))
  let parts = query.select([value, ROWS.as('rows')]).groupBy(field)
  for (const part of rows) {
    const counted = matching(db, asked, part.span)
      .select([value, sql<number>`${sql.lit(part.sign)} * count(*)::float8`.as('rows')])
      .groupBy(field)
    parts = parts.unionAll(counted) as typeof parts
  }
  return await db
    .selectFrom(parts.as('part'))
    .select(['value', ROWS.as('rows')])
    .groupBy('value')
    .having(ROWS, '>', 0)
    .orderBy('value')
    .execute()
}

/** Rows themselves, counted. */
export async function countRows(db: Database, selection: AuditSelection, span?: Span): Promise<number> {
  const row = await matching(db, selection, span)
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(row.count)
}

/** Exact up to some 10^15, and several times as fast as the sum of bigint, which is numeric. */
const ROWS = sql<number>`sum(rows::float8)`

function dayOf(time: Date) {
  return sql<Date>`(${time}::timestamptz AT TIME ZONE 'UTC')::date`
}

function cells(db: Database, selection: AuditSelection, grain: Grain, of: 'periods' | 'all time') {
  const { scope, filters } = selection
  let query =
    of === 'periods' || grain === 'd'
      ? periodCells(db, selection, grain)
      : timelessCells(db, selection, grain)
  if (grain === 'd' || grain === 'u') query = query.where('project_id', '=', 0)
  else if (!scope.all) query = query.where(sql<boolean>`project_id = ANY(${[...scope.projectIds]}::bigint[])`)
  if (grain === 'd' || grain === 'p') query = query.where('username', '=', '')
  for (const filter of filters) {
    const fits = condition(sql.ref(filter.field), filter)
    query = query.where(BEHIND_NAMES.has(filter.field) ? sql<boolean>`(${fits}) IS TRUE` : fits)
  }
  return query
}

/** The keys of cells end with these. Conditions on them are not to be the index's: it would skip from one to the next, past hardly any. */
const BEHIND_NAMES: ReadonlySet<AuditField> = new Set(['operation', 'resource_type', 'op_result'])

function periodCells(db: Database, selection: AuditSelection, grain: Grain) {
  if (grain !== 'x') return allCells(db, selection).where('grain', '=', grain)
  return userCells(db, selection).where('period', '<', sql<Date>`'infinity'`)
}

function timelessCells(db: Database, selection: AuditSelection, grain: Exclude<Grain, 'd'>) {
  if (grain !== 'x') return allCells(db, selection).where('grain', '=', grain === 'p' ? 'q' : 't')
  return userCells(db, selection).where('period', '=', sql<Date>`'infinity'`)
}

function userCells(db: Database, { legacy }: AuditSelection) {
  // It has all columns of the other but the grain, which nobody asks it for.
  const name = legacy ? 'legacy_audit_user_counts' : 'audit_user_counts'
  return db.selectFrom(sql<AuditCountsTable>`${sql.table(name)}`.as('cells'))
}

function allCells(db: Database, { legacy }: AuditSelection) {
  const name = legacy ? 'legacy_audit_counts' : 'audit_counts'
  return db.selectFrom(sql<AuditCountsTable>`${sql.table(name)}`.as('cells'))
}
