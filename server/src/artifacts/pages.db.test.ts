import { type CompiledQuery, sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { seedRepository } from '../blobs/testing.ts'
import type { Database } from '../platform/db/database.ts'
import { createTestDatabase, type TestDatabase } from '../platform/db/testing.ts'
import { countAccessories, selectAccessories } from './accessories/list-store.ts'
import { selectTags, type TagField } from './detail-store.ts'
import { selectTrash } from './trash/store.ts'
import { selectTrashedTags } from './trash/tags/store.ts'

/** Lists within one artifact, and the trash, have a hundred thousand rows at times: no page may sort them or look each of them up. */

const SUBJECT = 'sha256:subject'
const MANY = 300
const WINDOW = { offset: 100, limit: 10, backwards: false }

let database: TestDatabase
let repository: Awaited<ReturnType<typeof seedRepository>>
let artifactId: number

beforeAll(async () => {
  database = await createTestDatabase()
  const { db } = database
  repository = await seedRepository(db)
  const { id } = repository
  const result = await sql<{ id: number }>`
    INSERT INTO artifacts (repository_id, digest, media_type, manifest_size, size)
    VALUES (${id}, ${SUBJECT}, 'm', 1, 1) RETURNING id`.execute(db)
  artifactId = result.rows[0]?.id ?? 0
  await sql`
    INSERT INTO artifacts (repository_id, digest, media_type, manifest_size, size, subject_digest, accessory_of, accessory_type)
    SELECT ${id}, 'sha256:' || n, 'm', 1, n * 7919 % 1009, ${SUBJECT}, ${SUBJECT}, 'signature.cosign'
    FROM generate_series(1, ${MANY}::int) n`.execute(db)
  await sql`
    INSERT INTO tags (repository_id, name, artifact_id, push_time, pull_time)
    SELECT ${id}, 'v' || n * 7919 % 1009, ${artifactId}, now() - n * interval '1 minute',
      CASE WHEN n % 3 = 0 THEN now() - n * interval '1 second' END
    FROM generate_series(1, ${MANY}::int) n`.execute(db)
})
afterAll(() => database.drop())

interface Plan {
  'Node Type': string
  'Relation Name'?: string
  Plans?: Plan[]
}

/** What the plans of all statements are made of, where nothing is sorted that an index has in order. */
async function nodesOf(ask: (db: Database) => Promise<unknown>): Promise<Plan[][]> {
  return await database.db.connection().execute(async (one) => {
    const asked: CompiledQuery[] = []
    const watched = one.withPlugin({
      transformQuery({ node, queryId }) {
        asked.push(one.getExecutor().compileQuery(node, queryId))
        return node
      },
      transformResult: async ({ result }) => result,
    })
    await ask(watched)
    await sql`SET enable_sort = off`.execute(one)
    await sql`SET enable_incremental_sort = off`.execute(one)
    const plans: Plan[][] = []
    for (const statement of asked) {
      const text = `EXPLAIN (FORMAT JSON) ${statement.sql}`
      const { rows } = await one.executeQuery<{ 'QUERY PLAN': [{ Plan: Plan }] }>({ ...statement, sql: text })
      plans.push(rows.flatMap((row) => flatten(row['QUERY PLAN'][0].Plan)))
    }
    await sql`RESET enable_sort`.execute(one)
    await sql`RESET enable_incremental_sort`.execute(one)
    return plans
  })
}

function flatten(plan: Plan): Plan[] {
  return [plan, ...(plan.Plans ?? []).flatMap(flatten)]
}

/** Statements that order rows otherwise than by an index; the rows of a page itself may be. */
const sorting = (plans: Plan[][]) =>
  plans.filter((plan) => plan.some((node) => node['Node Type'].includes('Sort'))).length
const relations = (plan: Plan[] | undefined) =>
  new Set((plan ?? []).flatMap((node) => node['Relation Name'] ?? []))

test.each([
  ['as they are listed', []],
  ['by name', [{ field: 'name', descending: false }]],
  ['by name, downwards', [{ field: 'name', descending: true }]],
  ['by the time of their push', [{ field: 'push_time', descending: false }]],
] as const)('tags of an artifact %s are in the order of an index', async (_, orders) => {
  const plans = await nodesOf((db) => selectTags(db, artifactId, [], orders, WINDOW))

  expect(plans).not.toEqual([])
  expect(sorting(plans)).toBe(0)
})

test('a page of tags is that of all of them sorted, in every order, from either end', async () => {
  const rows = await database.db.selectFrom('tags').selectAll().orderBy('id').execute()
  const keys: Record<TagField, (row: (typeof rows)[number]) => string | number> = {
    id: (row) => row.id,
    name: (row) => row.name,
    push_time: (row) => row.push_time.getTime(),
    pull_time: (row) => row.pull_time?.getTime() ?? Number.POSITIVE_INFINITY,
  }
  for (const [field, key] of Object.entries(keys) as [TagField, (typeof keys)[TagField]][]) {
    const before = (a: (typeof rows)[number], b: (typeof rows)[number]) =>
      key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : a.id - b.id
    const upwards = rows.toSorted(before).map(({ name }) => name)
    for (const descending of [false, true]) {
      const all = descending ? upwards.toReversed() : upwards
      // With those that were pulled and those that were not, and with both.
      for (const [offset, backwards] of [0, 95, 100, 195, 200].flatMap((at) => [
        [at, false] as const,
        [at, true] as const,
      ])) {
        const window = { ...WINDOW, offset, backwards }
        const found = await selectTags(database.db, artifactId, [], [{ field, descending }], window)
        const from = backwards ? MANY - offset - WINDOW.limit : offset
        expect(found.map(({ name }) => name)).toEqual(all.slice(from, from + WINDOW.limit))
      }
    }
  }
})

test('accessories that a page passes over are not looked up one by one', async () => {
  const subject = {
    id: artifactId,
    repositoryId: repository.id,
    digest: SUBJECT,
    projectName: 'team',
    repositoryName: 'app',
  }
  const [counting] = await nodesOf((db) => countAccessories(db, subject, []))
  const orders = [{ field: 'size', descending: true }] as const
  const [passing, ...rest] = await nodesOf((db) => selectAccessories(db, subject, [], orders, WINDOW))
  const found = await selectAccessories(database.db, subject, [], orders, WINDOW)
  const { rows } = await sql<{ digest: string }>`
    SELECT digest FROM artifacts WHERE accessory_of = ${SUBJECT} ORDER BY size DESC, id DESC LIMIT 10 OFFSET 100`.execute(
    database.db,
  )

  expect([relations(counting), relations(passing)]).toEqual([new Set(['artifacts']), new Set(['artifacts'])])
  expect(rest.map((plan) => [...relations(plan)])).toEqual([['artifacts']])
  expect(found[0]).toMatchObject({ subjectId: artifactId, subjectDigest: SUBJECT, repository: 'team/app' })
  expect(found.map(({ digest }) => digest)).toEqual(rows.map(({ digest }) => digest))
})

test.each([3, 70])('the trash of %i repositories is one list, the last deletion first', async (count) => {
  const { db } = database
  await sql`DELETE FROM trashed_artifacts`.execute(db)
  await sql`DELETE FROM trashed_tags`.execute(db)
  const { projectId } = repository
  const { rows: repositories } = await sql<{ id: number }>`
    INSERT INTO repositories (project_id, name) SELECT ${projectId}, ${`r${count}-`} || n
    FROM generate_series(1, ${count}::int) n RETURNING id`.execute(db)
  const ids = repositories.map(({ id }) => id)
  // Some deletions of one moment, some that are over.
  const insert = (table: string, columns: string, values: string) =>
    sql`
      INSERT INTO ${sql.table(table)} (repository_id, digest, username, deletion_time, expiry_time, ${sql.raw(columns)})
      SELECT id, 'sha256:' || n, 'ann', now() - (id * 31 + n * 17) % 50 * interval '1 hour',
        now() + CASE WHEN n % 10 = 0 THEN -1 ELSE 1 END * interval '1 day', ${sql.raw(values)}
      FROM unnest(${ids}::bigint[]) AS r(id) CROSS JOIN generate_series(1, 30) n`.execute(db)
  await insert('trashed_artifacts', 'media_type, size, tags', `'m', 1, '{}'`)
  await insert('trashed_tags', 'name', `'v' || n`)

  for (const [table, select] of [
    ['trashed_artifacts', async (page: typeof WINDOW) => selectTrash(db, projectId, page)],
    ['trashed_tags', async (page: typeof WINDOW) => selectTrashedTags(db, projectId, page)],
  ] as const) {
    const { rows } = await sql<{ id: number }>`
      SELECT id FROM ${sql.table(table)} WHERE expiry_time > now() ORDER BY deletion_time DESC, id DESC`.execute(
      db,
    )
    const expected = rows.map(({ id }) => id)
    for (const offset of [0, 20, expected.length - 5, expected.length]) {
      const found = await select({ ...WINDOW, offset })
      const list = 'tags' in found ? found.tags : found.artifacts
      expect(list.map(({ id }) => id)).toEqual(expected.slice(offset, offset + WINDOW.limit))
      expect(found.total).toBe(count * 27)
    }
  }
})

test('a page of the trash is in the order of indexes', async () => {
  const { projectId } = repository
  const lists = [
    (db: Database) => selectTrash(db, projectId, WINDOW),
    (db: Database) => selectTrashedTags(db, projectId, WINDOW),
  ]
  await sql`DELETE FROM trashed_artifacts WHERE repository_id NOT IN
    (SELECT id FROM repositories ORDER BY id DESC LIMIT 5)`.execute(database.db)
  await sql`DELETE FROM trashed_tags WHERE repository_id NOT IN
    (SELECT id FROM repositories ORDER BY id DESC LIMIT 5)`.execute(database.db)

  for (const list of lists) {
    const [counting, passing] = await nodesOf(list)
    expect(sorting([counting ?? [], passing ?? []])).toBe(0)
    expect(relations(passing).has('repositories')).toBe(false)
    // Most of it is that of few repositories, and would be read anew for each that has none.
    const whole = counting?.filter((node) => node['Node Type'] === 'Seq Scan') ?? []
    expect([...relations(whole)].filter((name) => name.startsWith('trashed'))).toEqual([])
  }
})
