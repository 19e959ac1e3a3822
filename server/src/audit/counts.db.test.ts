import fc from 'fast-check'
import { type RawBuilder, sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Order } from '../platform/db/list.ts'
import { createTestDatabase, type TestDatabase } from '../platform/db/testing.ts'
import { createResourceOrder, type ResourceOrder } from './by-resource.ts'
import { listEntries } from './listing.ts'
import type { AuditScope } from './model.ts'
import { dropPartitionsBefore } from './partition-store.ts'
import { deleteSomeLegacyRows, deleteSomeRows } from './purging/store.ts'
import type { AuditField, AuditFilter, AuditSelection } from './selection.ts'
import { insertRows } from './store.ts'
import { auditRow } from './testing.ts'

/** What the counts say of how many rows there are, and where a page is, against the rows themselves. */

let database: TestDatabase
let byResource: ResourceOrder

beforeAll(async () => {
  database = await createTestDatabase()
  byResource = createResourceOrder(database, {
    sorted: 20,
    sortedBesideSurvey: 10,
    walked: 30,
    apart: 15,
    newer: 10,
    unsettled: 5,
  })
  const random = lottery(7)
  const pick = <T>(values: readonly T[]) => values[Math.floor(random() * values.length)] as T
  for (let batch = 0; batch < 6; batch += 1) {
    const rows = Array.from({ length: 100 }, () =>
      auditRow({
        opTime: new Date(Date.UTC(2026, 5, 1) + Math.floor(random() * 130 * 24) * 3_600_000),
        projectId: pick([0, 1, 2, 3, 4]),
        resource: pick(['a/x:1', 'a/x:2', 'b/y:1', 'b/y:2']),
        operation: pick(['create', 'delete', 'pull']),
        resourceType: pick(['artifact', 'tag']),
        username: pick(['ann', 'bob', 'cy', 'dan']),
        succeeded: random() < 0.9,
      }),
    )
    await database.db.transaction().execute((tx) => insertRows(tx, rows))
  }
})
afterAll(() => database.drop())

/** The same numbers each time. */
function lottery(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return state / 2_147_483_648
  }
}

const hour = fc
  .integer({ min: 0, max: 140 * 24 })
  .map((hours) => new Date(Date.UTC(2026, 4, 28) + hours * 3_600_000))
const midnight = fc
  .integer({ min: 0, max: 140 })
  .map((days) => new Date(Date.UTC(2026, 4, 28) + days * 86_400_000))
const time = fc.oneof(hour, midnight)
const exact = <Value>(field: AuditField, ...values: [Value, ...Value[]]) =>
  fc.constantFrom(...values).map((value) => ({ field, op: 'exact', value }) as AuditFilter)
const range = fc
  .record({ min: fc.option(time, { nil: undefined }), max: fc.option(time, { nil: undefined }) })
  .filter(({ min, max }) => min !== undefined || max !== undefined)
  .map((ends) => ({ field: 'op_time', op: 'range', ...ends }) as const)
const filter: fc.Arbitrary<AuditFilter> = fc.oneof(
  exact('username', 'ann', 'bob', 'nobody'),
  exact('operation', 'create', 'pull'),
  exact('resource_type', 'artifact', 'tag'),
  exact('project_id', 0, 1, 3, 9),
  exact('op_result', true, false),
  exact('resource', 'a/x:1', 'b/y:2'),
  exact('id', 17, 5_000),
  fc.constant({ field: 'username', op: 'fuzzy', value: 'n' } as const),
  fc.constant({ field: 'resource', op: 'fuzzy', value: ':1' } as const),
  fc.constant({ field: 'operation', op: 'any', values: ['pull', 'delete'] } as AuditFilter),
  range,
)
const scope = fc.constantFrom<AuditScope>(
  { all: true, projectIds: [] },
  { all: false, projectIds: [1] },
  { all: false, projectIds: [2, 3, 4, 77] },
  { all: false, projectIds: [1, 2, ...Array.from({ length: 120 }, (_, at) => 1000 + at), 3, 4] },
)
const order = fc.record({
  field: fc.constantFrom<AuditField>(
    'op_time',
    'id',
    'username',
    'operation',
    'resource_type',
    'project_id',
    'op_result',
    'resource',
  ),
  descending: fc.boolean(),
})
const orders = fc.uniqueArray(order, {
  maxLength: 2,
  selector: ({ field }) => (field === 'id' ? 'op_time' : field),
})

type Row = Record<AuditField, never> & { id: number }

/** Those that this program says a selection has, of all rows, in the order that it says. */
async function bruteForce(
  { legacy, scope, filters }: AuditSelection,
  by: readonly Order<AuditField>[],
): Promise<Row[]> {
  const { rows } = legacy
    ? await sql<Row>`SELECT *, true AS op_result FROM legacy_audit_log`.execute(database.db)
    : await sql<Row>`SELECT * FROM audit_log`.execute(database.db)
  const fits = (row: Row) => (one: AuditFilter) => {
    const value: unknown = row[one.field]
    if (one.op === 'exact') return value === one.value
    if (one.op === 'fuzzy') return String(value).includes(one.value)
    if (one.op !== 'range') return one.values.some((other) => other === value)
    const at = (value as Date).getTime()
    const { min, max } = one as { min?: Date; max?: Date }
    return (!min || at >= min.getTime()) && (!max || at <= max.getTime())
  }
  // By id is by time, and equals are in the order of time, as the last order goes.
  const idAt = by.findIndex(({ field }) => field === 'id')
  const named = by
    .slice(0, idAt < 0 ? by.length : idAt + 1)
    .map((one) => (one.field === 'id' ? { ...one, field: 'op_time' as const } : one))
  const last = named.at(-1)?.descending ?? true
  const ties = (['op_time', 'id'] as const).map((field) => ({ field, descending: last }))
  const complete = [...named, ...ties]
  const compare = (a: Row, b: Row) => {
    for (const { field, descending } of complete) {
      if (Number(a[field] > b[field]) === Number(a[field] < b[field])) continue
      return a[field] > b[field] === descending ? -1 : 1
    }
    return 0
  }
  return rows
    .filter((row) => scope.all || scope.projectIds.includes(Number(row.project_id)))
    .filter((row) => filters.every(fits(row)))
    .sort(compare)
}

async function agree({ legacy } = { legacy: false }): Promise<void> {
  const page = fc.record({ offset: fc.nat(620), limit: fc.constantFrom(1, 10, 100) })
  await fc.assert(
    fc.asyncProperty(
      scope,
      fc.array(filter, { maxLength: 3 }),
      orders,
      page,
      async (given, filters, by, page) => {
        const selection = { legacy, scope: given, filters }
        const expected = await bruteForce(selection, by)

        const deps = { db: database.db, byResource, inGroup: { sorted: 30, passedOver: 8 } }
        const found = await listEntries(deps, selection, by, page)

        expect(found.total).toBe(expected.length)
        const shown = expected.slice(page.offset, page.offset + page.limit)
        expect(found.rows.map(({ id }) => id)).toEqual(shown.map(({ id }) => id))
      },
    ),
    { numRuns: 400 },
  )
}

async function countsAreThoseOfRows(): Promise<void> {
  const wrong = await sql`
    WITH told AS (
      SELECT project_id, period, username, operation, resource_type, op_result, rows FROM audit_user_counts WHERE rows <> 0
    ), rows AS (
      SELECT project_id, p.period, username, operation, resource_type, op_result, count(*) AS rows FROM audit_log
      CROSS JOIN LATERAL (VALUES (date_trunc('month', op_time AT TIME ZONE 'UTC')::date), ('infinity')) AS p(period)
      GROUP BY 1, 2, 3, 4, 5, 6
    )
    (TABLE told EXCEPT TABLE rows) UNION ALL (TABLE rows EXCEPT TABLE told)`.execute(database.db)
  expect(wrong.rows).toEqual([])
  const ofAllTime = await sql`
    WITH told AS (
      SELECT grain, project_id, username, operation, resource_type, op_result, rows FROM audit_counts
      WHERE period = 'infinity' AND rows <> 0
    ), rows AS (
      SELECT g.grain, g.project_id, g.username, operation, resource_type, op_result, count(*) AS rows FROM audit_log a
      CROSS JOIN LATERAL (VALUES ('q', a.project_id, ''), ('t', 0, a.username)) AS g(grain, project_id, username)
      GROUP BY 1, 2, 3, 4, 5, 6
    )
    (TABLE told EXCEPT TABLE rows) UNION ALL (TABLE rows EXCEPT TABLE told)`.execute(database.db)
  expect(ofAllTime.rows).toEqual([])
}

test('totals and pages are those of the rows, whoever asks and however', () => agree(), 120_000)

test('counts of months and of all time are those of the rows', countsAreThoseOfRows)

test('and still after some entries were purged', async () => {
  const pulls = { operations: ['pull'], pairs: [] }
  await database.db
    .transaction()
    .execute((tx) => deleteSomeRows(tx, new Date('2026-07-03T00:00:00Z'), pulls, 5000))

  await countsAreThoseOfRows()
  await agree()
}, 120_000)

test('and after months were dropped', async () => {
  await database.db.transaction().execute((tx) => dropPartitionsBefore(tx, new Date('2026-08-15T00:00:00Z')))

  await countsAreThoseOfRows()
  await agree()
}, 120_000)

test('so are those of the log that was taken over', async () => {
  // One statement brings many, another one, and some are purged again.
  const copied = sql`id, op_time, project_id, operation, resource_type, resource, username`
  const copy = (which: RawBuilder<unknown>) =>
    sql`INSERT INTO legacy_audit_log (${copied}) SELECT ${copied} FROM audit_log WHERE ${which}`
  await copy(sql`id % 40 <> 0`).execute(database.db)
  await copy(sql`id % 40 = 0`).execute(database.db)
  const pulls = { operations: ['pull'], pairs: [] }
  await database.db
    .transaction()
    .execute((tx) => deleteSomeLegacyRows(tx, new Date('2026-09-01T00:00:00Z'), pulls, 50))

  await agree({ legacy: true })
}, 120_000)
