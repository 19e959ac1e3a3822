import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { deleteArtifact, deleteTag } from '../artifacts/deletion.ts'
import { rollBackTag } from '../artifacts/history/service.ts'
import { type Bench, openBench } from '../artifacts/testing.ts'
import { listTrash, restoreArtifact, type TrashDeps } from '../artifacts/trash/service.ts'
import { listTrashedTags, restoreTag } from '../artifacts/trash/tags/service.ts'
import { createFindImmutable } from '../immutability/find-immutable.ts'
import { createRule } from '../immutability/service.ts'
import type { TaskContext } from '../jobs/kind.ts'
import type { Database } from '../platform/db/database.ts'
import { createTestDatabase, type TestDatabase } from '../platform/db/testing.ts'
import { retention } from '../retention/job.ts'
import type { RetentionRule } from '../retention/model.ts'

/** What comes back meets rules that keep tags, pushes of the same moment, and a run that deletes. */

const ACTOR = { id: 1, username: 'ann', address: '192.0.2.1' }
const PAGE = { offset: 0, limit: 100 }
const ALL = { kind: 'doublestar', pattern: '**' }
const KEEP_ONE: RetentionRule = {
  disabled: false,
  action: 'retain',
  template: 'latestPushedK',
  params: { latestPushedK: 1 },
  tagSelectors: [{ ...ALL, decoration: 'matches' }],
  scopeSelectors: [{ ...ALL, decoration: 'repoMatches' }],
}
const IMMUTABLE = { kind: 'precondition-failed', message: expect.stringContaining('immutable') }

let database: TestDatabase
let bench: Bench
let deps: TrashDeps

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())
beforeEach(async () => {
  bench = await openBench(database.db)
  const findImmutable = createFindImmutable()
  Object.assign(bench.deps, { trashDays: 7, sparseImages: false, findImmutable })
  deps = { ...bench.deps, reclaim: async () => true }
})

const projectId = () => bench.repository.projectId
const remove = (digest: string) => deleteArtifact(deps, bench, digest, ACTOR)
const inTrash = async () => (await listTrash(deps, projectId(), PAGE)).artifacts
const restore = async () => restoreArtifact(deps, projectId(), (await inTrash())[0]?.id ?? 0, ACTOR)

/** From now on no such tag moves, and none is deleted. */
async function makeImmutable(pattern = 'v*'): Promise<void> {
  const content = {
    tagSelectors: [{ kind: 'doublestar', decoration: 'matches', pattern }],
    scopeSelectors: { repository: [{ ...ALL, decoration: 'repoMatches' }] },
  }
  const project = { id: projectId(), name: bench.projectName }
  await createRule(deps, project, { disabled: false, content }, ACTOR)
}

async function pointsTo(tag: string): Promise<string | undefined> {
  return (await deps.findReference({ projectId: projectId(), repository: 'app', tag }))?.digest
}

/** As if the subscriber had written it. */
async function remember(tag: string, ...digests: string[]): Promise<void> {
  for (const [at, digest] of digests.entries()) {
    await database.db
      .insertInto('tag_history')
      .values({
        repository_id: bench.repository.id,
        tag,
        digest,
        operation: 'pushed',
        username: 'ann',
        op_time: new Date(),
        event_id: 1_000_000 + at,
      })
      .execute()
  }
}

const rollBack = (tag: string, digest: string) =>
  rollBackTag(deps, {
    key: { projectId: projectId(), project: bench.projectName, name: 'app' },
    tag,
    digest,
    mayRestore: true,
    actor: ACTOR,
  })

/** Holds the blobs of a digest in a transaction of its own, so that whoever restores it waits in the middle. */
async function holdBlobs(...texts: string[]): Promise<{ release(): Promise<void> }> {
  const held = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  const holding = database.db.transaction().execute(async (tx: Database) => {
    const digests = await Promise.all(texts.map((text) => bench.blob('m', text)))
    await tx
      .selectFrom('blobs')
      .select('id')
      .where(
        'digest',
        'in',
        digests.map(({ digest }) => digest),
      )
      .forUpdate()
      .execute()
    held.resolve()
    await go.promise
  })
  await held.promise
  return {
    async release() {
      go.resolve()
      await holding
    },
  }
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 150))

test('what was deleted before a rule stood gets back its immutable tags where they are free', async () => {
  const { digest } = await bench.image('free', {}, 'v1', 'dev')
  await remove(digest)
  await makeImmutable()

  const { tags } = await restore()

  expect([...tags].sort()).toEqual(['dev', 'v1'])
  expect(await pointsTo('v1')).toBe(digest)
  await expect(remove(digest)).rejects.toMatchObject(IMMUTABLE)
})

test('an immutable tag that names something else by now stays there, and the artifact comes back without it', async () => {
  const { digest } = await bench.image('old', {}, 'v1', 'dev')
  await remove(digest)
  const fresh = await bench.image('new', {}, 'v1')
  await makeImmutable()

  const { tags } = await restore()

  expect(tags).toEqual(['dev'])
  expect([await pointsTo('v1'), await pointsTo('dev')]).toEqual([fresh.digest, digest])
})

test.each([['with a rule', true] as const, ['without one', false] as const])(
  'a tag that somebody makes while its artifact is being restored stays his, %s',
  async (_, immutable) => {
    const { digest } = await bench.image('restored', {}, 'v1', 'dev')
    await remove(digest)
    if (immutable) await makeImmutable()
    const blobs = await holdBlobs('restored')

    const restoring = restore()
    await settle()
    const fresh = await bench.image('faster', {}, 'v1')
    await blobs.release()

    expect((await restoring).tags).toEqual(['dev'])
    expect([await pointsTo('v1'), await pointsTo('dev')]).toEqual([fresh.digest, digest])
  },
)

test('a deleted tag comes back under a rule, and not where it is in use', async () => {
  const one = await bench.image('one', {}, 'v1')
  await deleteTag(deps, bench, 'v1', ACTOR)
  await makeImmutable()
  const [tag] = (await listTrashedTags(deps, projectId(), PAGE)).tags
  const back = { projectId: projectId(), id: tag?.id ?? 0, mayRestore: true, actor: ACTOR }

  const two = await bench.image('two', {}, 'v1')
  await expect(restoreTag(deps, back)).rejects.toMatchObject({ kind: 'conflict' })
  const between = await pointsTo('v1')
  await database.db.deleteFrom('tags').where('name', '=', 'v1').execute()
  await restoreTag(deps, back)

  expect(between).toBe(two.digest)
  expect(await pointsTo('v1')).toBe(one.digest)
})

test('rolling back an immutable tag is refused, and restores nothing', async () => {
  const old = await bench.image('old', {}, 'v1')
  await remove(old.digest)
  const fresh = await bench.image('new', {}, 'v1')
  await makeImmutable()
  await remember('v1', old.digest, fresh.digest)

  await expect(rollBack('v1', old.digest)).rejects.toMatchObject(IMMUTABLE)

  expect(await pointsTo('v1')).toBe(fresh.digest)
  expect(await inTrash()).toMatchObject([{ digest: old.digest }])
})

/** A run of retention over the repository; `meanwhile` comes when everything is judged and nothing deleted. */
async function run(meanwhile: () => Promise<unknown> = async () => undefined): Promise<string[]> {
  const lines: string[] = []
  const input = { policyId: 7, trigger: 'SCHEDULE', dryRun: false, rules: [KEEP_ONE] }
  let judged = false
  const context = {
    task: { input: { ...input, repositoryId: bench.repository.id, projectId: projectId() } },
    signal: new AbortController().signal,
    log: (line: string) => lines.push(line),
    save: async () => undefined,
    report: async () => {
      if (!judged) await meanwhile()
      judged = true
    },
  }
  const kind = retention({ ...deps, now: () => new Date() })
  await kind.run(context as unknown as TaskContext)
  return lines
}

test('a tag that is rolled back during a run keeps what it names then, and what it named before', async () => {
  const old = await bench.image('old', {}, 'old')
  const bad = await bench.image('bad', {}, 'prod')
  const newest = await bench.image('newest', {}, 'newest')
  await remember('prod', old.digest, bad.digest)

  const lines = await run(() => rollBack('prod', old.digest))

  expect(await pointsTo('prod')).toBe(old.digest)
  expect(await pointsTo('newest')).toBe(newest.digest)
  expect(lines.filter((line) => line.includes('changed meanwhile'))).toHaveLength(2)
  expect(await inTrash()).toEqual([])
})

test('what is rolled back out of the trash during a run stays, and so does what was judged to stay', async () => {
  const old = await bench.image('old', {}, 'prod')
  await remove(old.digest)
  const goes = await bench.image('goes', {}, 'goes')
  const newest = await bench.image('newest', {}, 'newest')
  await remember('prod', old.digest)

  await run(() => rollBack('prod', old.digest))

  expect([await pointsTo('prod'), await pointsTo('newest')]).toEqual([old.digest, newest.digest])
  expect((await inTrash()).map(({ digest }) => digest)).toEqual([goes.digest])
})

test('what somebody restores during a run stays, though it was there and judged to go', async () => {
  const twice = await bench.image('twice', {}, 'first')
  await remove(twice.digest)
  await bench.image('twice', {}, 'second')
  const newest = await bench.image('newest', {}, 'newest')

  const lines = await run(restore)

  const names = [await pointsTo('first'), await pointsTo('second'), await pointsTo('newest')]
  expect(names).toEqual([twice.digest, twice.digest, newest.digest])
  expect(lines.join()).toContain('changed meanwhile')
})

test('two runs, a restoration and a roll back at once: nobody loses what he was told he has', async () => {
  for (let round = 0; round < 6; round++) {
    const old = await bench.image(`old ${round}`, {}, 'prod')
    await remove(old.digest)
    const bad = await bench.image(`bad ${round}`, {}, 'prod')
    await bench.image(`newest ${round}`, {}, 'newest')
    await remember('prod', old.digest, bad.digest)

    const [rolledBack, restored] = await Promise.allSettled([
      rollBack('prod', old.digest),
      restore(),
      run(),
      run(),
    ])

    expect(rolledBack).toMatchObject({ status: 'fulfilled' })
    if (restored.status === 'rejected') expect(restored.reason).toMatchObject({ kind: 'not-found' })
    expect(await pointsTo('prod')).toBe(old.digest)
    await database.db.deleteFrom('tag_history').execute()
  }
})
