import fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../platform/db/testing.ts'
import { listEntries } from './listing.ts'
import { dropPartitionsBefore } from './partition-store.ts'
import type { AuditField, AuditFilter } from './selection.ts'
import { insertRows } from './store.ts'
import { auditRow } from './testing.ts'

/** What the counts say of how many rows there are, and where a page is, against the rows themselves. */

let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase()
  const random = lottery(7)
  const pick = <T>(values: readonly T[]) => values[Math.floor(random() * values.length)] as T
  for (let batch = 0; batch < 6; batch += 1) {
    const rows = Array.from({ length: 100 }, () =>
      auditRow({
        opTime: new Date(Date.UTC(2026, 5, 1) + Math.floor(random() * 130 * 86_400) * 1000),
        projectId: pick([0, 1, 2, 3, 4]),
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

const time = fc
  .integer({ min: 0, max: 140 })
  .map((days) => new Date(Date.UTC(2026, 4, 28) + days * 86_400_000))
const filter: fc.Arbitrary<AuditFilter> = fc.oneof(
  fc
    .constantFrom('ann', 'bob', 'nobody')
    .map((value) => ({ field: 'username', op: 'exact', value }) as const),
  fc.constantFrom('create', 'pull').map((value) => ({ field: 'operation', op: 'exact', value }) as const),
  fc
    .constantFrom('artifact', 'tag')
    .map((value) => ({ field: 'resource_type', op: 'exact', value }) as const),
  fc.constantFrom(1, 3, 9).map((value) => ({ field: 'project_id', op: 'exact', value }) as const),
  fc.constant({ field: 'username', op: 'fuzzy', value: 'n' } as const),
  fc
    .record({ min: fc.option(time, { nil: undefined }), max: fc.option(time, { nil: undefined }) })
    .map((range) => ({ field: 'op_time', op: 'range', ...range }) as const),
)
const scope = fc.constantFrom<{ all: boolean; projectIds: number[] }>(
  { all: true, projectIds: [] },
  { all: false, projectIds: [1] },
  { all: false, projectIds: [2, 3, 4, 77] },
)
const order = fc.record({
  field: fc.constantFrom<AuditField>('op_time', 'username', 'operation', 'resource_type'),
  descending: fc.boolean(),
})

/** All rows, and those that this program says a selection has, one by one. */
async function bruteForce(given: { all: boolean; projectIds: number[] }, filters: readonly AuditFilter[]) {
  const { rows } = await sql<Record<string, unknown> & { id: number }>`SELECT * FROM audit_log`.execute(
    database.db,
  )
  const fits = (row: Record<string, unknown>) => (one: AuditFilter) => {
    const value = row[one.field]
    if (one.op === 'exact') return value === one.value
    if (one.op === 'fuzzy') return String(value).includes(one.value)
    if (one.op !== 'range') return false
    const at = (value as Date).getTime()
    const { min, max } = one as { min?: Date; max?: Date }
    return (!min || at >= min.getTime()) && (!max || at <= max.getTime())
  }
  return rows
    .filter((row) => given.all || given.projectIds.includes(Number(row.project_id)))
    .filter((row) => filters.every(fits(row)))
}

async function agree(): Promise<void> {
  await fc.assert(
    fc.asyncProperty(
      scope,
      fc.array(filter, { maxLength: 3 }),
      order,
      fc.nat(60),
      async (given, some, by, at) => {
        const filters = some.filter((one) => one.op !== 'range' || ('min' in one && (one.min || one.max)))
        const expected = await bruteForce(given, filters)
        const selection = { scope: given, filters }

        const page = await listEntries(database, selection, [by], { offset: at * 10, limit: 10 })

        expect(page.total).toBe(expected.length)
        expect(page.rows).toHaveLength(Math.max(0, Math.min(10, expected.length - at * 10)))
        const key = by.field === 'op_time' ? 'op_time' : by.field
        const sorted = expected
          .map((row) => row[key])
          .sort((a, b) => (a === b ? 0 : (a as never) < (b as never) ? -1 : 1))
        if (by.descending) sorted.reverse()
        const names = {
          op_time: 'opTime',
          username: 'username',
          operation: 'operation',
          resource_type: 'resourceType',
        } as const
        const shown = page.rows.map((row) => row[names[by.field as keyof typeof names]])
        expect(shown).toEqual(sorted.slice(at * 10, at * 10 + 10))
      },
    ),
    { numRuns: 150 },
  )
}

test('totals and pages are those of the rows, whoever asks and however', agree, 60_000)

test('and still after months were dropped', async () => {
  await database.db.transaction().execute((tx) => dropPartitionsBefore(tx, new Date('2026-08-15T00:00:00Z')))

  await agree()
}, 60_000)
