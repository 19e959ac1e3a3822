import { sql } from 'kysely'
import pino from 'pino'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { OCI_IMAGE } from '../../oci/media-types.ts'
import { createTestDatabase, type TestDatabase } from '../../platform/db/testing.ts'
import { deliver } from '../../platform/events/dispatcher.ts'
import { registerSubscriber } from '../../platform/events/progress.ts'
import type { StoredEvent, Subscriber } from '../../platform/events/subscriber.ts'
import { writeEvent } from '../../platform/events/testing.ts'
import { lockRepository, markRepositoryDeleted } from '../../repositories/deletion-store.ts'
import { deleteArtifact, deleteTag, namesOf } from '../deletion.ts'
import { ImmutableTagError } from '../errors.ts'
import { getArtifact } from '../reading.ts'
import { createSweeper } from '../sweep.ts'
import { createTag } from '../tags/service.ts'
import { type Bench, openBench } from '../testing.ts'
import { listTrash, restoreArtifact, type TrashDeps } from '../trash/service.ts'
import { listTagHistory, rollBackTag } from './service.ts'
import { tagHistory } from './subscriber.ts'

const log = pino({ level: 'silent' })
const ANN = { id: 1, username: 'ann' }
const ALL = { offset: 0, limit: 5000 }

let database: TestDatabase
let bench: Bench
let deps: TrashDeps

beforeAll(async () => {
  database = await createTestDatabase()
  await registerSubscriber(database.db, tagHistory.name)
})
afterAll(() => database.drop())
beforeEach(async () => {
  bench = await openBench(database.db)
  Object.assign(bench.deps, { trashDays: 7, sparseImages: false })
  deps = { ...bench.deps, reclaim: async () => true }
})

async function drain(subscriber: Subscriber = tagHistory): Promise<void> {
  await database.db.updateTable('event_subscribers').set({ retry_time: null }).execute()
  while (await deliver({ db: database.db, log }, subscriber));
}

const key = () => ({ projectId: bench.repository.projectId, project: bench.projectName, name: 'app' })

async function entries(tag: string) {
  await drain()
  return (await listTagHistory(deps, key(), tag, ALL)).entries
}

/** The newest first. */
async function story(tag: string): Promise<string[]> {
  return (await entries(tag)).map(({ operation, digest, username }) =>
    [username, operation, digest ?? 'nothing'].join(' '),
  )
}

async function pointsTo(tag: string): Promise<string | undefined> {
  const found = await deps.findReference({
    projectId: bench.repository.projectId,
    repository: 'app',
    tag,
  })
  return found?.digest
}

function rollBack(tag: string, digest: string, mayRestore = true) {
  return rollBackTag(deps, { key: key(), tag, digest, mayRestore, actor: ANN })
}

const listed = async () =>
  (await database.db.selectFrom('artifacts').select(['digest', 'tagged']).execute())
    .filter(({ tagged }) => tagged)
    .map(({ digest }) => digest)

test('every way in which a tag changes is told, once and in order', async () => {
  const first = await bench.image('first', {}, 'prod')
  const second = await bench.image('second', {}, 'prod', 'other')
  await bench.image('second', {}, 'prod')
  await deleteTag(deps, bench, 'prod', ANN)
  await createTag(deps, await getArtifact(deps, key(), first.digest), 'prod', ANN)
  await deleteArtifact(deps, bench, first.digest, ANN)
  const { artifacts } = await listTrash(deps, bench.repository.projectId, ALL)
  await restoreArtifact(deps, bench.repository.projectId, artifacts[0]?.id ?? 0, ANN)
  await drain()
  await rollBack('prod', second.digest)

  expect(await story('prod')).toEqual([
    `ann rolled_back ${second.digest}`,
    `ann restored ${first.digest}`,
    'ann deleted nothing',
    `ann tagged ${first.digest}`,
    'ann deleted nothing',
    `dev pushed ${second.digest}`,
    `dev pushed ${first.digest}`,
  ])
  expect(await story('other')).toEqual([`dev pushed ${second.digest}`])
  expect(await story('nosuch')).toEqual([])
})

test('tags of what is deleted and restored with an artifact have a history too', async () => {
  const image = await bench.image('signed', {}, 'v1')
  const signature = `${image.digest.replace(':', '-')}.sig`
  const config = await bench.blob('application/vnd.oci.empty.v1+json', '{}')
  const layers = [await bench.blob('application/vnd.dev.cosign.simplesigning.v1+json', '{"signed": 1}')]
  const { digest } = await bench.push({ mediaType: OCI_IMAGE, config, layers }, signature)

  await deleteArtifact(deps, bench, image.digest, ANN)
  const { artifacts } = await listTrash(deps, bench.repository.projectId, ALL)
  await restoreArtifact(deps, bench.repository.projectId, artifacts[0]?.id ?? 0, ANN)

  expect(await story(signature)).toEqual([
    `ann restored ${digest}`,
    'ann deleted nothing',
    `dev pushed ${digest}`,
  ])
})

test('a failure between the entries and the progress neither loses nor doubles any', async () => {
  const one = await bench.image('one', {}, 'prod')
  const two = await bench.image('two', {}, 'prod')
  let failures = 2
  await drain({
    ...tagHistory,
    async handle(tx, events) {
      await tagHistory.handle(tx, events)
      if (failures-- > 0) throw new Error('crash')
    },
  })
  await bench.image('one', {}, 'prod')

  expect(await story('prod')).toEqual([
    `dev pushed ${one.digest}`,
    `dev pushed ${two.digest}`,
    `dev pushed ${one.digest}`,
  ])
})

test('what is replayed late stands where it belongs', async () => {
  const one = await bench.image('one', {}, 'prod')
  const two = await bench.image('two', {}, 'prod')
  const events = await database.db.selectFrom('events').selectAll().orderBy('id', 'desc').limit(2).execute()
  const [later, earlier] = events.map(({ id, type, payload, occurrence_time: occurrenceTime }) => ({
    id,
    type,
    payload: payload as Record<string, unknown>,
    occurrenceTime,
  }))
  if (!later || !earlier) throw new Error('there are no events')
  const hand = (event: StoredEvent) =>
    database.db.transaction().execute((tx) => tagHistory.handle(tx, [event]))

  await hand(later)
  await hand(earlier)
  await hand(later)

  expect(await story('prod')).toEqual([`dev pushed ${two.digest}`, `dev pushed ${one.digest}`])
})

test('of a tag the newest thousand entries stay', async () => {
  const digests = Array.from({ length: 1203 }, (_, at) => `sha256:${at}`)
  for (const part of [digests.slice(0, 700), digests.slice(700)]) {
    await database.db.transaction().execute(async (tx) => {
      for (const digest of part) {
        const payload = { ...namesOf(bench), tags: ['busy'], digest, actor: ANN }
        await writeEvent(tx, { type: 'artifact.pushed', payload })
      }
      await writeEvent(tx, {
        type: 'tag.created',
        payload: { ...namesOf(bench), tag: 'calm', digest: 'sha256:0' },
      })
    })
  }

  await drain()
  // Published, so that it is found.
  await bench.image('published', {}, 'v1')

  expect((await entries('busy')).map(({ digest }) => digest)).toEqual(digests.slice(203).toReversed())
  expect(await story('calm')).toEqual(['system tagged sha256:0'])
})

test('a deleted repository leaves nothing, whether its last events come before or after it is swept', async () => {
  await bench.image('early', {}, 'v1')
  await drain()
  await bench.image('late', {}, 'v1')
  const left = () =>
    database.db
      .selectFrom('tag_history')
      .select('tag')
      .where('repository_id', '=', bench.repository.id)
      .execute()
  const before = await left()
  await database.db.transaction().execute(async (tx) => {
    await lockRepository(tx, bench.repository)
    await markRepositoryDeleted(tx, bench.repository.id)
  })

  await createSweeper({ db: database.db, reclaim: async () => true, onError: () => undefined }).sweep()
  await drain()

  expect(before).toHaveLength(1)
  expect(await left()).toEqual([])
})

test('a tag goes back to what it has pointed to, deleted meanwhile or not', async () => {
  const good = await bench.image('good', {}, 'prod')
  const bad = await bench.image('bad', {}, 'prod')
  await drain()

  const answer = await rollBack('prod', good.digest)
  const afterwards = await pointsTo('prod')
  await rollBack('prod', good.digest)
  await deleteTag(deps, bench, 'prod', ANN)
  await rollBack('prod', bad.digest)

  expect(answer).toEqual({ repository: `${bench.projectName}/app`, restored: false })
  expect(afterwards).toBe(good.digest)
  expect(await pointsTo('prod')).toBe(bad.digest)
  expect((await story('prod')).slice(0, 3)).toEqual([
    `ann rolled_back ${bad.digest}`,
    'ann deleted nothing',
    `ann rolled_back ${good.digest}`,
  ])
  expect(await listed()).not.toContain(good.digest)
})

test('what is in the trash is restored first, by those who may', async () => {
  const good = await bench.image('good', {}, 'prod')
  await bench.image('bad', {}, 'prod')
  await deleteArtifact(deps, bench, good.digest, ANN)
  const states = (await entries('prod')).map(({ artifact }) => artifact)

  await expect(rollBack('prod', good.digest, false)).rejects.toMatchObject({ kind: 'forbidden' })
  const refused = await listTrash(deps, bench.repository.projectId, ALL)
  const answer = await Promise.all([rollBack('prod', good.digest), rollBack('prod', good.digest)])

  expect(states).toEqual(['present', 'trash'])
  expect(refused.total).toBe(1)
  expect(answer.map(({ restored }) => restored)).toContain(true)
  expect(await pointsTo('prod')).toBe(good.digest)
  expect((await listTrash(deps, bench.repository.projectId, ALL)).total).toBe(0)
  expect((await story('prod'))[0]).toBe(`ann rolled_back ${good.digest}`)
})

test('an immutable tag stays, and nothing is taken out of the trash for it', async () => {
  const good = await bench.image('good', {}, 'prod')
  const bad = await bench.image('bad', {}, 'prod')
  await deleteArtifact(deps, bench, good.digest, ANN)
  await drain()
  const rules = { ...deps, findImmutable: async () => (_: string, tag: string) => tag === 'prod' }
  const request = { key: key(), tag: 'prod', digest: good.digest, mayRestore: true, actor: ANN }

  await expect(rollBackTag(rules, request)).rejects.toBeInstanceOf(ImmutableTagError)
  const same = await rollBackTag(rules, { ...request, digest: bad.digest })

  expect(same.restored).toBe(false)
  expect(await pointsTo('prod')).toBe(bad.digest)
  expect((await listTrash(deps, bench.repository.projectId, ALL)).total).toBe(1)
})

test('nowhere else: not to what it never named, nor to what is gone for good', async () => {
  const gone = await bench.image('gone', {}, 'prod')
  await bench.image('now', {}, 'prod')
  const stranger = await bench.image('stranger', {}, 'dev')
  await deleteArtifact({ ...deps, trashDays: 0 }, bench, gone.digest, ANN)
  const before = await story('prod')

  await expect(rollBack('prod', stranger.digest)).rejects.toMatchObject({ kind: 'not-found' })
  await expect(rollBack('prod', gone.digest)).rejects.toMatchObject({ kind: 'not-found' })

  expect((await entries('prod')).map(({ artifact }) => artifact)).toEqual(['present', 'gone'])
  expect(await story('prod')).toEqual(before)
})

/** Runs them at once, each waiting for the same tag; answers what became of them. */
async function allAtOnce(tag: string, start: () => Promise<unknown>[]): Promise<string[]> {
  const both = await database.db.transaction().execute(async (tx) => {
    await tx
      .selectFrom('tags')
      .select('id')
      .where('repository_id', '=', bench.repository.id)
      .where('name', '=', tag)
      .forUpdate()
      .execute()
    const running = start()
    while ((await waiting()) < running.length);
    return { outcome: Promise.allSettled(running) }
  })
  return (await both.outcome).map(({ status }) => status)
}

async function waiting(): Promise<number> {
  const result = await sql<{ waiting: number }>`
    SELECT count(*) AS waiting FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'`.execute(database.db)
  return Number(result.rows[0]?.waiting)
}

test('a roll back and pushes of the same tag go one after the other, and the history ends where the tag is', async () => {
  const good = await bench.image('good', {}, 'prod')
  await bench.image('bad', {}, 'prod')
  await bench.blob('application/vnd.oci.image.layer.v1.tar', 'newer')
  await drain()

  const outcomes = await allAtOnce('prod', () => [
    rollBack('prod', good.digest),
    bench.image('newer', {}, 'prod'),
    rollBack('prod', good.digest),
  ])

  expect(outcomes).toEqual(['fulfilled', 'fulfilled', 'fulfilled'])
  const now = await pointsTo('prod')
  expect((await entries('prod'))[0]?.digest).toBe(now)
  const tagged = await database.db
    .selectFrom('artifacts')
    .select('digest')
    .where('repository_id', '=', bench.repository.id)
    .where('tagged', '=', true)
    .execute()
  expect(tagged.map(({ digest }) => digest)).toEqual([now])
})

test('a roll back and the deletion of what it goes to: the tag never points to nothing', async () => {
  const good = await bench.image('good', {}, 'prod')
  const bad = await bench.image('bad', {}, 'prod')
  await drain()

  const [rolled] = await Promise.allSettled([
    rollBack('prod', good.digest),
    deleteArtifact({ ...deps, trashDays: 0 }, bench, good.digest, ANN),
  ])

  const now = await pointsTo('prod')
  // It came too late, or its tag went with what was deleted.
  expect(now).toBe(rolled.status === 'fulfilled' ? undefined : bad.digest)
  expect((await entries('prod'))[0]?.digest).toBe(now)
})
