import fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../platform/db/testing.ts'
import { createResourceOrder, type ResourceOrder } from './by-resource.ts'
import type { AuditScope } from './model.ts'
import { dropPartitionsBefore } from './partition-store.ts'
import { deleteSomeLegacyRows, deleteSomeRows } from './purging/store.ts'
import type { AuditFilter, AuditSelection } from './selection.ts'
import { insertRows } from './store.ts'
import { auditRow } from './testing.ts'

/** Pages found by surveys against the rows themselves, while rows come and go. */

const SMALL = { sorted: 5, sortedBesideSurvey: 3, walked: 10, apart: 8, newer: 12, unsettled: 4 }
const EVERYTHING: AuditSelection = { scope: { all: true, projectIds: [] }, filters: [] }
const START = Date.UTC(2026, 5, 1)

const database: TestDatabase = await createTestDatabase()
let order: ResourceOrder
let surveys = 0
/** Counts the surveys. */
const db = database.db.withPlugin({
  transformQuery({ node }) {
    if (node.kind === 'RawNode' && JSON.stringify(node).includes('TABLESAMPLE')) surveys += 1
    return node
  },
  transformResult: async ({ result }) => result,
})

beforeEach(async () => {
  await sql`TRUNCATE audit_log, audit_counts, audit_user_counts, legacy_audit_log, legacy_audit_counts,
    legacy_audit_user_counts`.execute(database.db)
  order = createResourceOrder({ db }, SMALL)
  surveys = 0
})
afterAll(() => database.drop())

interface Given {
  day: number
  project: number
  resource: string
  operation: string
  username: string
}

const given = fc.record({
  day: fc.integer({ min: 0, max: 80 }),
  project: fc.integer({ min: 0, max: 4 }),
  resource: fc.constantFrom('', 'a', 'a/x:1', 'a/x:2', 'b/é', 'b/\u{1f600}', 'b/\uffee', 'ann', 'z'),
  operation: fc.constantFrom('create', 'delete', 'pull'),
  username: fc.constantFrom('ann', 'bob'),
})

function rowOf({ day, project, ...others }: Given) {
  return auditRow({ opTime: new Date(START + day * 86_400_000), projectId: project, ...others })
}

function write(rows: readonly Given[]): Promise<void> {
  return database.db.transaction().execute((tx) => insertRows(tx, rows.map(rowOf)))
}

/** So many rows of a few resources, of one project each. */
function some(count: number): Given[] {
  return Array.from({ length: count }, (_, at) => ({
    day: at % 80,
    project: at % 3,
    resource: `p${at % 3}/${at % 7}`,
    operation: at % 5 === 0 ? 'delete' : 'pull',
    username: 'ann',
  }))
}

async function expectedIds(
  { legacy, scope, filters }: AuditSelection,
  descending: boolean,
): Promise<number[]> {
  const log = sql.table(legacy ? 'legacy_audit_log' : 'audit_log')
  const { rows } = await sql<Record<string, unknown> & { id: number }>`
    SELECT * FROM ${log} ORDER BY resource, op_time, id`.execute(database.db)
  const fits = (row: Record<string, unknown>) => (one: AuditFilter) => {
    const value = row[one.field]
    if (one.op === 'exact') return value === one.value
    if (one.op === 'any') return one.values.some((other) => other === value)
    if (one.op !== 'range') return String(value).includes(String('value' in one && one.value))
    return (
      (!one.min || (value as Date) >= (one.min as Date)) && (!one.max || (value as Date) <= (one.max as Date))
    )
  }
  const ids = rows
    .filter((row) => scope.all || scope.projectIds.includes(Number(row.project_id)))
    .filter((row) => filters.every(fits(row)))
    .map(({ id }) => id)
  return descending ? ids.toReversed() : ids
}

/** A page as it was answered, if one was, is that of the rows; answers whether one was. */
async function check(
  selection: AuditSelection,
  page: { offset: number; limit: number },
  descending = false,
): Promise<boolean> {
  const found = await order.list(selection, { field: 'resource', descending }, page)
  if (!found) return false
  const ids = await expectedIds(selection, descending)
  expect(found.total).toBe(ids.length)
  expect(found.rows.map(({ id }) => id)).toEqual(ids.slice(page.offset, page.offset + page.limit))
  return true
}

const MIDDLE = { offset: 45, limit: 10 }

const filter = fc.oneof(
  fc.constantFrom('create', 'pull').map((value): AuditFilter => ({ field: 'operation', op: 'exact', value })),
  fc.constantFrom(1, 2, 77).map((value): AuditFilter => ({ field: 'project_id', op: 'exact', value })),
  fc.constant<AuditFilter>({ field: 'project_id', op: 'any', values: [0, 3] }),
  fc.constant<AuditFilter>({ field: 'username', op: 'exact', value: 'bob' }),
  fc.constant<AuditFilter>({ field: 'operation', op: 'fuzzy', value: 'e' }),
  fc.integer({ min: 0, max: 80 }).map((day): AuditFilter => {
    const min = new Date(START + day * 86_400_000)
    return { field: 'op_time', op: 'range', min, max: undefined }
  }),
)
const scope = fc.constantFrom<AuditScope>(
  { all: true, projectIds: [] },
  { all: false, projectIds: [1] },
  { all: false, projectIds: [0, 2, 4, 77] },
)
const look = fc.record({
  kind: fc.constant('look' as const),
  legacy: fc.boolean(),
  scope,
  filters: fc.oneof(
    { weight: 2, arbitrary: fc.constant([]) },
    { weight: 3, arbitrary: fc.array(filter, { maxLength: 2 }) },
  ),
  descending: fc.boolean(),
  offset: fc.nat(150),
  limit: fc.constantFrom(1, 10, 100),
})
const step = fc.oneof(
  { weight: 8, arbitrary: look },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      rows: fc.array(given, { minLength: 1, maxLength: 60 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('purge' as const),
      day: fc.integer({ min: 0, max: 80 }),
      limit: fc.nat(20),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'drop' as const }) },
)

async function take(one: typeof step extends fc.Arbitrary<infer Step> ? Step : never): Promise<void> {
  if (one.kind === 'look') {
    await check(one, one, one.descending)
  } else if (one.kind === 'write') {
    await write(one.rows)
    await sql`INSERT INTO legacy_audit_log SELECT id, op_time + id * interval '1 microsecond', project_id, operation,
      resource_type, resource, username FROM audit_log ON CONFLICT DO NOTHING`.execute(database.db)
  } else if (one.kind === 'purge') {
    const before = new Date(START + one.day * 86_400_000)
    const pulls = { operations: ['pull'], pairs: [] }
    await database.db.transaction().execute(async (tx) => {
      await deleteSomeRows(tx, before, pulls, one.limit)
      await deleteSomeLegacyRows(tx, before, pulls, one.limit)
    })
  } else
    await database.db
      .transaction()
      .execute((tx) => dropPartitionsBefore(tx, new Date(START + 31 * 86_400_000)))
}

test('pages are those of the rows, whatever came and went', async () => {
  for (const steps of fc.sample(fc.array(step, { minLength: 25, maxLength: 25 }), { numRuns: 15, seed: 5 })) {
    await write(some(100))
    for (const one of steps) await take(one)
  }
  expect(surveys).toBeGreaterThan(15)
}, 120_000)

test('a survey serves pages of all callers, filters and directions, and rows that come later', async () => {
  await write(some(100))
  expect(await check(EVERYTHING, MIDDLE)).toBe(true)
  for (let round = 0; round < 6; round += 1) {
    await write(some(9))
    expect(await check(EVERYTHING, MIDDLE, true)).toBe(true)
    expect(await check({ scope: { all: false, projectIds: [1, 2] }, filters: [] }, MIDDLE)).toBe(true)
    const pulls: AuditFilter = { field: 'operation', op: 'exact', value: 'pull' }
    expect(await check({ ...EVERYTHING, filters: [pulls] }, MIDDLE)).toBe(true)
  }
  expect(surveys).toBe(1)
})

test('those who ask at once share one', async () => {
  await write(some(100))
  const answers = await Promise.all([MIDDLE, { offset: 30, limit: 5 }].map((page) => check(EVERYTHING, page)))
  expect(answers).toEqual([true, true])
  expect(surveys).toBe(1)
})

test('a stretch that has grown too long calls for new landmarks', async () => {
  await write(some(100))
  await check(EVERYTHING, MIDDLE)
  for (let round = 0; round < 3; round += 1) {
    await write(Array.from({ length: 60 }, () => ({ ...(some(1)[0] as Given), resource: 'p0/0' })))
    await check(EVERYTHING, MIDDLE)
  }
  expect(await check(EVERYTHING, MIDDLE)).toBe(true)
  expect(surveys).toBeGreaterThan(1)
})

describe('rows that are seen late', () => {
  /** Writes rows whose ids lie before a survey and that are seen after it. */
  async function writeLate(late: readonly Given[], meanwhile: () => Promise<unknown>): Promise<void> {
    const written = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    // Counts are locked by whoever writes them: others may write only where these do not.
    const done = database.db.transaction().execute(async (tx) => {
      await insertRows(tx, late.map(rowOf))
      written.resolve()
      await goOn.promise
    })
    await Promise.race([written.promise, done])
    try {
      await meanwhile()
    } finally {
      goOn.resolve()
      await done
    }
  }

  const FEW: Given[] = some(6).map((row) => ({ ...row, resource: 'a' }))

  test('shift no page', async () => {
    await write(some(100))
    await writeLate(FEW, async () => {
      // Ids of rows that are never written: the late ones are not near the last.
      await sql`SELECT nextval('audit_log_ids') FROM generate_series(1, 50)`.execute(database.db)
      expect(await check(EVERYTHING, MIDDLE)).toBe(true)
    })

    // The survey lacks them: it is given up, and the next has them.
    expect(await check(EVERYTHING, MIDDLE)).toBe(false)
    expect(await check(EVERYTHING, MIDDLE)).toBe(true)
    expect(surveys).toBe(2)
  })

  test('nor do they where as many others were removed', async () => {
    await write(some(100))
    await writeLate(FEW, async () => {
      await sql`SELECT nextval('audit_log_ids') FROM generate_series(1, 50)`.execute(database.db)
      expect(await check(EVERYTHING, MIDDLE)).toBe(true)
    })
    await database.db
      .transaction()
      .execute((tx) =>
        deleteSomeRows(tx, new Date(START + 80 * 86_400_000), { operations: ['pull'], pairs: [] }, 6),
      )

    expect(await check(EVERYTHING, MIDDLE)).toBe(false)
    expect(await check(EVERYTHING, MIDDLE)).toBe(true)
  })

  test('cost no survey where their ids are near the last', async () => {
    await write(some(100))
    await writeLate(FEW.slice(0, 4), async () => expect(await check(EVERYTHING, MIDDLE)).toBe(true))

    expect(await check(EVERYTHING, MIDDLE)).toBe(true)
    expect(surveys).toBe(1)
  })
})
