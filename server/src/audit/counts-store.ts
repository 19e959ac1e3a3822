import { sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import { condition } from '../platform/db/list.ts'
import { matching } from './list-store.ts'
import {
  type AuditFilter,
  type AuditSelection,
  clip,
  type Grain,
  grainOf,
  type Period,
  spanOf,
  takeRange,
} from './selection.ts'

/** Columns that a list can be taken apart by. */
export type GroupField = 'operation' | 'resource_type' | 'username'

/** How many rows of the selection each period has, oldest first; undefined where no counts tell. */
export async function countPeriods(db: Database, selection: AuditSelection): Promise<Period[] | undefined> {
  const grain = grainOf(selection)
  if (!grain) return undefined
  const { span, others } = takeRange(selection.filters)
  let query = cells(db, { ...selection, filters: others }, grain)
  // A cell that begins before the range may reach into it, by a month at most.
  if (span.from)
    query = query.where('period', '>', sql<Date>`(${span.from}::timestamptz AT TIME ZONE 'UTC')::date - 31`)
  if (span.to)
    query = query.where('period', '<=', sql<Date>`(${span.to}::timestamptz AT TIME ZONE 'UTC')::date`)
  const rows = await query
    .select((eb) => [sql<string>`period::text`.as('first'), eb.fn.sum<number>('rows').as('rows')])
    .groupBy('period')
    .orderBy('period')
    .execute()

  const periods: Period[] = []
  for (const row of rows) {
    const whole = spanOf(grain, new Date(`${row.first}T00:00:00Z`))
    const part = clip(whole, span)
    if (!part) continue
    const cut = part.from > whole.from || part.to < whole.to
    // At most the first and the last are cut by a range; these are counted.
    const count = cut ? await countRows(db, { ...selection, filters: others }, part) : Number(row.rows)
    if (count > 0) periods.push({ ...part, rows: count })
  }
  return periods
}

/** How many rows of the selection have each value of the field, in its order; undefined where no counts tell. */
export async function countGroups(
  db: Database,
  selection: AuditSelection,
  field: GroupField,
): Promise<{ value: string; rows: number }[] | undefined> {
  const ranged = selection.filters.some((filter) => filter.field === 'op_time')
  // Cells that have the field are those that a filter on it would ask.
  const asked: AuditFilter = { field, op: 'any', values: [] }
  const grain = grainOf({ ...selection, filters: [...selection.filters, asked] })
  if (!grain || ranged) return undefined
  const rows = await cells(db, selection, grain)
    .select((eb) => [eb.ref(field).as('value'), eb.fn.sum<number>('rows').as('rows')])
    .groupBy(field)
    .orderBy(field)
    .execute()

  return rows.map(({ value, rows: count }) => ({ value, rows: Number(count) }))
}

/** Rows themselves, counted. */
export async function countRows(
  db: Database,
  selection: AuditSelection,
  span?: { from: Date; to: Date },
): Promise<number> {
  const row = await matching(db, selection, span)
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(row.count)
}

function cells(db: Database, { scope, filters }: AuditSelection, grain: Exclude<Grain, undefined>) {
  // The one table has all columns of the other but those that nobody asks it for.
  let query =
    grain === 'x'
      ? (db.selectFrom('audit_user_counts') as unknown as ReturnType<typeof allCells>)
      : allCells(db).where('grain', '=', grain)
  if (grain === 'd' || grain === 'u') query = query.where('project_id', '=', 0)
  else if (!scope.all) query = query.where(sql<boolean>`project_id = ANY(${[...scope.projectIds]}::bigint[])`)
  if (grain === 'd' || grain === 'p') query = query.where('username', '=', '')
  for (const filter of filters) query = query.where(condition(sql.ref(filter.field), filter))
  return query
}

function allCells(db: Database) {
  return db.selectFrom('audit_counts')
}
