import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { TaskContext } from '../../jobs/kind.ts'
import { createTestDatabase, type TestDatabase } from '../../platform/db/testing.ts'
import { insertRows } from '../store.ts'
import { purgeAuditLog, purgeSystemJob } from './job.ts'

const NOW = new Date('2026-11-25T12:00:00Z')

let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())
beforeEach(async () => {
  await sql`TRUNCATE audit_log, audit_counts, audit_user_counts, legacy_audit_log, legacy_audit_counts,
    legacy_audit_user_counts`.execute(database.db)
})

function write(...rows: [time: string, operation: string, resourceType: string][]): Promise<void> {
  return database.db.transaction().execute((tx) =>
    insertRows(
      tx,
      rows.map(([time, operation, resourceType], at) => ({
        opTime: new Date(time),
        projectId: at % 3,
        projectName: 'p',
        operation,
        resourceType,
        resource: 'r',
        username: `u${at % 2}`,
        description: '',
        succeeded: at % 5 !== 0,
        address: undefined,
      })),
    ),
  )
}

async function purge(hours: number, events: string, dryRun = false): Promise<string[]> {
  const parameters = { audit_retention_hour: hours, include_event_types: events, dry_run: dryRun }
  const lines: string[] = []
  await purgeAuditLog({ db: database.db, now: () => NOW }).run({
    task: { input: purgeSystemJob.toInput(purgeSystemJob.readParameters(parameters)) },
    signal: new AbortController().signal,
    log: (line: string) => lines.push(line),
    report: async () => undefined,
    save: async () => undefined,
  } as unknown as TaskContext)
  return lines
}

async function left(): Promise<string[]> {
  const rows = await database.db
    .selectFrom('audit_log')
    .select(['op_time', 'operation', 'resource_type'])
    .orderBy('op_time')
    .execute()
  return rows.map((row) => `${row.op_time.toISOString().slice(0, 10)} ${row.operation}_${row.resource_type}`)
}

/** The counts against the rows themselves, in all grains. */
async function countsAgree(): Promise<void> {
  const rows = await sql<{ grain: string; told: number }>`
    SELECT grain, sum(rows)::int AS told FROM audit_counts GROUP BY grain
    UNION ALL SELECT 'x', coalesce(sum(rows) FILTER (WHERE period < 'infinity'), 0)::int FROM audit_user_counts
    UNION ALL SELECT 'y', coalesce(sum(rows) FILTER (WHERE period = 'infinity'), 0)::int FROM audit_user_counts`.execute(
    database.db,
  )
  const { count } = await database.db
    .selectFrom('audit_log')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  for (const { told } of rows.rows) expect(told).toBe(Number(count))
  const negative = await sql`SELECT FROM audit_counts WHERE rows < 0
    UNION ALL SELECT FROM audit_user_counts WHERE rows < 0`.execute(database.db)
  expect(negative.rows).toEqual([])
}

test('old entries of the chosen events go, the others stay, and the counts follow', async () => {
  await write(
    ['2026-11-01T00:00:00Z', 'create', 'artifact'],
    ['2026-11-02T00:00:00Z', 'create', 'project'],
    ['2026-11-02T00:00:00Z', 'pull', 'artifact'],
    ['2026-11-24T13:00:00Z', 'create', 'artifact'],
    ['2026-10-01T00:00:00Z', 'create', 'access-token'],
  )

  const dry = await purge(24, 'create_artifact, pull_artifact,snow', true)
  const before = await left()
  const lines = await purge(24, 'create_artifact, pull_artifact,snow')

  expect(before).toHaveLength(5)
  expect(dry.at(-1)).toBe('2 entries would be deleted')
  expect(lines.at(-1)).toBe('2 entries were deleted')
  expect(await left()).toEqual([
    '2026-10-01 create_access-token',
    '2026-11-02 create_project',
    '2026-11-24 create_artifact',
  ])
  await countsAgree()
})

test('the words of earlier releases choose all that was created, deleted or pulled', async () => {
  await write(
    ['2026-11-01T00:00:00Z', 'create', 'artifact'],
    ['2026-11-02T00:00:00Z', 'create', 'project'],
    ['2026-11-02T00:00:00Z', 'update', 'project'],
  )
  const legacy = { project_id: 1, resource_type: 'artifact', resource: 'r', username: 'u' }
  await database.db
    .insertInto('legacy_audit_log')
    .values([
      { ...legacy, id: 1, operation: 'create', op_time: new Date('2020-01-01') },
      { ...legacy, id: 2, operation: 'delete', op_time: new Date('2020-01-01') },
    ])
    .execute()

  const lines = await purge(24, 'create')

  expect(lines.at(-1)).toBe('3 entries were deleted')
  expect(await left()).toEqual(['2026-11-02 update_project'])
  await countsAgree()
})

test('months of which everything is to go are dropped, and the rest of the time is looked through', async () => {
  await write(
    ['2026-08-01T00:00:00Z', 'create', 'artifact'],
    ['2026-09-30T23:59:59Z', 'create', 'artifact'],
    ['2026-11-02T00:00:00Z', 'create', 'artifact'],
    ['2026-11-25T11:00:00Z', 'create', 'artifact'],
  )

  const lines = await purge(24, 'create_artifact')

  expect(lines).toContainEqual(expect.stringMatching(/dropped the months .*2026_08.*2026_09.*, 2 entries/))
  expect(lines.at(-1)).toBe('3 entries were deleted')
  expect(await left()).toEqual(['2026-11-25 create_artifact'])
  await countsAgree()
})

test('a month with an entry that stays is not dropped', async () => {
  await write(['2026-08-01T00:00:00Z', 'create', 'artifact'], ['2026-08-02T00:00:00Z', 'update', 'label'])

  await purge(24, 'create_artifact')

  expect(await left()).toEqual(['2026-08-02 update_label'])
  await countsAgree()
})

test.each([
  [{ include_event_types: 'a_b' }, 'audit_retention_hour should provide'],
  [{ audit_retention_hour: -1, include_event_types: 'a_b' }, 'audit_retention_hour should provide'],
  [{ audit_retention_hour: 240_001, include_event_types: 'a_b' }, 'should be less than 240000'],
  [{ audit_retention_hour: 24 }, 'include_event_types should provide'],
  [{ audit_retention_hour: 24, include_event_types: ' ' }, 'include_event_types should provide'],
])('parameters %j are refused', (parameters, message) => {
  expect(() => purgeSystemJob.readParameters(parameters)).toThrow(message)
})
