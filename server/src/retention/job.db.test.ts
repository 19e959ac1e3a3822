import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Bench, openBench } from '../artifacts/testing.ts'
import { listTrash } from '../artifacts/trash/service.ts'
import { createFindImmutable } from '../immutability/find-immutable.ts'
import { createRule } from '../immutability/service.ts'
import type { TaskContext } from '../jobs/kind.ts'
import { createTestDatabase, type TestDatabase } from '../platform/db/testing.ts'
import { type RetentionJobDeps, retention, startRetention } from './job.ts'
import type { RetentionRule } from './model.ts'
import { insertPolicy, listPlaces } from './store.ts'

const ACTOR = { id: 1, username: 'admin', address: '192.0.2.1' }
const ALL = { kind: 'doublestar', pattern: '**' }
const KEEP_ONE: RetentionRule = {
  disabled: false,
  action: 'retain',
  template: 'latestPushedK',
  params: { latestPushedK: 1 },
  tagSelectors: [{ ...ALL, decoration: 'matches' }],
  scopeSelectors: [{ ...ALL, decoration: 'repoMatches' }],
}

let database: TestDatabase
let bench: Bench
let deps: RetentionJobDeps

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())
beforeEach(async () => {
  bench = await openBench(database.db)
  deps = { db: database.db, trashDays: 7, findImmutable: createFindImmutable(), now: () => new Date() }
})

async function run(
  dryRun: boolean,
  meanwhile = async (): Promise<void> => undefined,
  state?: unknown,
  interrupted?: AbortController,
  reason = 'shutdown',
) {
  const lines: string[] = []
  const saved: unknown[] = []
  const reported: Record<string, unknown> = {}
  const { id: repositoryId, projectId } = bench.repository
  const context = {
    task: {
      input: { policyId: 7, trigger: 'SCHEDULE', repositoryId, projectId, dryRun, rules: [KEEP_ONE] },
      state,
    },
    signal: (interrupted ?? new AbortController()).signal,
    log: (line: string) => {
      lines.push(line)
      if (line.endsWith('] deleted')) interrupted?.abort(reason)
    },
    save: async (more: unknown) => void saved.push(more),
    report: async (more: object) => {
      Object.assign(reported, more)
      // Everything is judged by now, nothing deleted.
      await meanwhile()
    },
  } as unknown as TaskContext
  const work = retention(deps).run(context)
  if (interrupted) await expect(work).rejects.toBe(reason)
  else await work
  return { lines, reported, saved }
}

async function left(): Promise<string[]> {
  const rows = await database.db
    .selectFrom('artifacts')
    .select('digest')
    .where('repository_id', '=', bench.repository.id)
    .execute()
  return rows.map((row) => row.digest).sort()
}

test('a dry run deletes nothing and tells what the run then does', async () => {
  const digests = [
    (await bench.image('one', {}, 'v1')).digest,
    (await bench.image('two', {}, 'v2', 'dev')).digest,
    (await bench.image('three', {}, 'v3')).digest,
  ]

  const dry = await run(true)
  const before = await left()
  const real = await run(false)

  expect(before).toEqual([...digests].sort())
  expect(await left()).toEqual([digests[2]])
  expect(real.lines).toEqual(dry.lines.map((line) => line.replace('would be deleted', 'deleted')))
  expect(real.reported).toEqual({ total: 3, retained: 1 })
  expect((await run(false)).reported).toEqual({ total: 1, retained: 1 })
})

async function applied(): Promise<Record<string, unknown>[]> {
  const rows = await database.db
    .selectFrom('events')
    .select('payload')
    .where('type', '=', 'retention.applied')
    .execute()
  return rows
    .map((row) => row.payload as Record<string, unknown>)
    .filter((payload) => payload.repositoryId === bench.repository.id)
}

test('what a run has deleted is told once, also where it was interrupted, and of nothing nobody hears', async () => {
  const one = await bench.image('one', {}, 'v1')
  const two = await bench.image('two', {}, 'v2')
  await bench.image('three', {}, 'v3')
  await run(true)
  const nothing = await applied()

  const { saved } = await run(false)
  const after = await applied()
  await run(false, undefined, saved.at(-1))
  await run(false)

  expect(nothing).toEqual([])
  expect(after).toMatchObject([
    { policyId: 7, trigger: 'SCHEDULE', total: 3, retained: 1, repository: 'app', rules: [KEEP_ONE] },
  ])
  expect(after[0]?.deleted).toEqual(
    expect.arrayContaining([
      { digest: one.digest, tags: ['v1'] },
      { digest: two.digest, tags: ['v2'] },
    ]),
  )
  expect(await applied()).toEqual(after)
})

test('who goes on after an interruption deletes no more than was judged before it, and counts what was done', async () => {
  await bench.image('one', {}, 'v1')
  await bench.image('two', {}, 'v2')
  const three = await bench.image('three', {}, 'v3')
  const controller = new AbortController()
  const first = await run(false, undefined, undefined, controller)
  const leftOver = await left()
  // It would push out the third.
  const four = await bench.image('four', {}, 'v4')

  const second = await run(false, undefined, first.saved.at(-1))

  expect(leftOver).toHaveLength(2)
  expect(await left()).toEqual([three.digest, four.digest].sort())
  expect(second.reported).toEqual({ total: 3, retained: 1 })
  expect(await applied()).toMatchObject([
    { total: 3, retained: 1, deleted: [{ tags: ['v1'] }, { tags: ['v2'] }] },
  ])
})

test('a run that is stopped tells what it has deleted, once', async () => {
  const one = await bench.image('one', {}, 'v1')
  const two = await bench.image('two', {}, 'v2')
  const three = await bench.image('three', {}, 'v3')

  const { reported } = await run(false, undefined, undefined, new AbortController(), 'stop')

  expect(await left()).toEqual([two.digest, three.digest].sort())
  expect(reported).toEqual({ total: 3, retained: 2 })
  expect(await applied()).toMatchObject([
    { total: 3, retained: 2, result: 'STOPPED', deleted: [{ digest: one.digest, tags: ['v1'] }] },
  ])
})

test('a tag that comes while the artifact is about to be deleted keeps it', async () => {
  const one = await bench.image('one', {}, 'v1')
  const two = await bench.image('two', {}, 'v2')
  const held = Promise.withResolvers<void>()
  let tagging: Promise<void> | undefined
  const beforeDeletion = async () => {
    tagging ??= database.db.transaction().execute(async (tx) => {
      await sql`SELECT FROM tags t JOIN artifacts a ON a.id = t.artifact_id
        WHERE a.repository_id = ${bench.repository.id} AND t.name = 'v1' FOR UPDATE OF t`.execute(tx)
      held.resolve()
      await sleep(300)
      await sql`
        INSERT INTO tags (repository_id, name, artifact_id)
        SELECT repository_id, 'prod', artifact_id FROM tags
        WHERE repository_id = ${bench.repository.id} AND name = 'v1'`.execute(tx)
    })
    await held.promise
  }

  const { lines, reported } = await run(false, beforeDeletion)
  await tagging

  expect(await left()).toEqual([one.digest, two.digest].sort())
  expect(lines.join()).toContain('stays: it has changed meanwhile')
  expect(reported).toEqual({ total: 2, retained: 2 })
})

test('what retention deletes is in the trash, with its tags', async () => {
  const { digest } = await bench.image('one', {}, 'v1')
  await bench.image('two', {}, 'v2')

  await run(false)

  const { artifacts } = await listTrash(deps, bench.repository.projectId, { offset: 0, limit: 10 })
  expect(artifacts).toMatchObject([{ digest, tags: ['v1'], username: 'system' }])
})

test('what an immutable tag names stays, whatever the rules say', async () => {
  const { digest } = await bench.image('one', {}, 'v1')
  const newest = await bench.image('two', {}, 'dev')
  const content = {
    tagSelectors: [{ kind: 'doublestar', decoration: 'matches', pattern: 'v*' }],
    scopeSelectors: { repository: [{ kind: 'doublestar', decoration: 'repoMatches', pattern: '**' }] },
  }
  const project = { id: bench.repository.projectId, name: bench.projectName }
  await createRule(deps, project, { disabled: false, content }, ACTOR)

  const { lines } = await run(false)

  expect(await left()).toEqual([digest, newest.digest].sort())
  expect(lines.join()).toContain('kept by an immutable tag')
})

test('what has got another tag since it was judged stays', async () => {
  const { digest } = await bench.image('one', {}, 'v1')
  const newest = await bench.image('two', {}, 'v2')
  const report = async () => void (await bench.image('one', {}, 'again'))

  const { lines } = await run(false, report)

  expect(await left()).toEqual([digest, newest.digest].sort())
  expect(lines.join()).toContain('it has changed meanwhile')
})

test('the policy of the system is for projects that have none', async () => {
  const other = await bench.elsewhere()
  await bench.image('mine', {}, 'v1')
  await other.image('theirs', {}, 'v1')
  await insertPolicy(database.db, { projectId: bench.repository.projectId, rules: [KEEP_ONE] })

  const ids = (await listPlaces(database.db, undefined)).map((place) => place.projectId)

  expect(ids).toContain(other.repository.projectId)
  expect(ids).not.toContain(bench.repository.projectId)
})

test('a run has a task for each repository', async () => {
  await bench.image('one', {}, 'v1')
  const policy = { id: 7, projectId: bench.repository.projectId, rules: [KEEP_ONE] }

  const id = await database.db
    .transaction()
    .execute((tx) => startRetention(tx, policy, { dryRun: true, trigger: 'MANUAL' }))
  const tasks = await database.db.selectFrom('tasks').selectAll().where('execution_id', '=', id).execute()

  expect(tasks).toMatchObject([{ kind: 'RETENTION', attributes: { repository: 'app' }, status: 'Pending' }])
})
