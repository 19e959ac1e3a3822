import pino from 'pino'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { deleteArtifact, deleteTag } from '../artifacts/deletion.ts'
import { listTagHistory } from '../artifacts/history/service.ts'
import { tagHistory } from '../artifacts/history/subscriber.ts'
import { countArtifacts } from '../artifacts/listed-store.ts'
import { createSweeper } from '../artifacts/sweep.ts'
import { type Bench, openBench } from '../artifacts/testing.ts'
import { emptyTrash, listTrash, purgeArtifact, type TrashDeps } from '../artifacts/trash/service.ts'
import { listTrashedTags, purgeTag, restoreTag } from '../artifacts/trash/tags/service.ts'
import { createTestDatabase, type TestDatabase } from '../platform/db/testing.ts'
import { deliver } from '../platform/events/dispatcher.ts'
import { registerSubscriber } from '../platform/events/progress.ts'
import { lockRepository, markRepositoryDeleted } from '../repositories/deletion-store.ts'

const ACTOR = { id: 1, username: 'ann' }
const PAGE = { offset: 0, limit: 10 }
const log = pino({ level: 'silent' })

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

const projectId = () => bench.repository.projectId
const tags = async () => (await listTrashedTags(deps, projectId(), PAGE)).tags
const remove = (tag: string, trashDays = 7) => deleteTag({ ...deps, trashDays }, bench, tag, ACTOR)
const restore = (id: number, mayRestore = true) =>
  restoreTag(deps, { projectId: projectId(), id, mayRestore, actor: ACTOR })

async function onlyOne() {
  const [tag, ...others] = await tags()
  expect(others).toEqual([])
  if (!tag) throw new Error('the trash is empty')
  return tag
}

async function pointsTo(tag: string): Promise<string | undefined> {
  return (await deps.findReference({ projectId: projectId(), repository: 'app', tag }))?.digest
}

const trashOfArtifacts = async () => (await listTrash(deps, projectId(), PAGE)).artifacts

async function history(tag: string): Promise<string[]> {
  while (await deliver({ db: database.db, log }, tagHistory));
  const key = { projectId: projectId(), project: bench.projectName, name: 'app' }
  return (await listTagHistory(deps, key, tag, PAGE)).entries.map(({ operation }) => operation)
}

test('a deleted tag is in the trash, and names its artifact again', async () => {
  const { digest } = await bench.image('one', {}, 'prod')

  await remove('prod')
  const trashed = await onlyOne()
  const meanwhile = await pointsTo('prod')
  const answer = await restore(trashed.id)

  expect(trashed).toMatchObject({
    name: 'prod',
    digest,
    artifact: 'present',
    username: 'ann',
    repositoryName: 'app',
  })
  expect(trashed.expiryTime.getTime() - trashed.deletionTime.getTime()).toBe(7 * 86_400_000)
  expect(meanwhile).toBeUndefined()
  expect(answer.restored).toBe(false)
  expect(await pointsTo('prod')).toBe(digest)
  expect(await tags()).toEqual([])
  expect((await countArtifacts(deps.db, [bench.repository.id])).get(bench.repository.id)).toBe(1)
  expect(await history('prod')).toEqual(['restored', 'deleted', 'pushed'])
})

test('a tag that is in use stays where it is', async () => {
  await bench.image('one', {}, 'prod')
  await remove('prod')
  const { digest } = await bench.image('two', {}, 'prod')
  const { id } = await onlyOne()

  await expect(restore(id)).rejects.toMatchObject({ kind: 'conflict', message: 'tag prod is in use' })

  expect(await pointsTo('prod')).toBe(digest)
  expect((await onlyOne()).id).toBe(id)
})

test('of a tag that is deleted again and again one deletion is told for each artifact', async () => {
  const { digest: one } = await bench.image('one', {}, 'prod')
  await remove('prod')
  await bench.image('one', {}, 'prod')
  await remove('prod')
  const { digest: two } = await bench.image('two', {}, 'prod')
  await remove('prod')

  expect((await tags()).map(({ digest }) => digest)).toEqual([two, one])
})

test('an artifact that is in the trash by now is restored with it, by those who may', async () => {
  const { digest } = await bench.image('one', {}, 'prod', 'v1')
  await remove('prod')
  await deleteArtifact(deps, bench, digest, ACTOR)
  const trashed = await onlyOne()

  await expect(restore(trashed.id, false)).rejects.toMatchObject({ kind: 'forbidden' })
  const kept = await trashOfArtifacts()
  const answer = await restore(trashed.id)

  expect(trashed.artifact).toBe('trash')
  expect(kept).toHaveLength(1)
  expect(answer.restored).toBe(true)
  expect([await pointsTo('prod'), await pointsTo('v1')]).toEqual([digest, digest])
  expect(await trashOfArtifacts()).toEqual([])
})

test('nothing is taken out of the trash for a tag that is in use', async () => {
  const { digest } = await bench.image('one', {}, 'prod', 'v1')
  await remove('prod')
  await deleteArtifact(deps, bench, digest, ACTOR)
  await bench.image('two', {}, 'prod')

  await expect(restore((await onlyOne()).id)).rejects.toMatchObject({ kind: 'conflict' })

  expect(await trashOfArtifacts()).toHaveLength(1)
})

test('a tag whose artifact is purged goes with it', async () => {
  const { digest } = await bench.image('secret', {}, 'prod', 'v1')
  const { digest: other } = await bench.image('other', {}, 'dev')
  await remove('prod')
  await remove('dev')
  await deleteArtifact(deps, bench, digest, ACTOR)
  const [artifact] = await trashOfArtifacts()

  await purgeArtifact(deps, projectId(), artifact?.id ?? 0, ACTOR)

  expect((await onlyOne()).digest).toBe(other)
})

test('a tag whose artifact was pushed again stays, whatever is purged', async () => {
  const { digest } = await bench.image('again', {}, 'prod', 'v1')
  await remove('prod')
  await deleteArtifact(deps, bench, digest, ACTOR)
  await bench.image('again', {}, 'v2')
  const [artifact] = await trashOfArtifacts()

  await purgeArtifact(deps, projectId(), artifact?.id ?? 0, ACTOR)
  await restore((await onlyOne()).id)

  expect(await pointsTo('prod')).toBe(digest)
})

test('a tag whose artifact is gone for good is told so', async () => {
  const { digest } = await bench.image('gone', {}, 'prod')
  await remove('prod')
  await deleteArtifact({ ...deps, trashDays: 0 }, bench, digest, ACTOR)
  const { id, artifact } = await onlyOne()

  expect(artifact).toBe('gone')
  await expect(restore(id)).rejects.toMatchObject({ kind: 'not-found' })
})

test('purged and too old ones are gone, and their artifacts stay', async () => {
  await bench.image('one', {}, 'prod', 'dev')
  await remove('prod')
  await purgeTag(deps, projectId(), (await onlyOne()).id, ACTOR)
  const purged = await tags()
  await remove('dev')
  const { id } = await onlyOne()
  await database.db
    .updateTable('trashed_tags')
    .set({ expiry_time: new Date(0) })
    .execute()
  const hidden = await tags()

  await expect(restore(id)).rejects.toMatchObject({ kind: 'not-found' })
  await emptyTrash(deps)

  expect([purged, hidden]).toEqual([[], []])
  expect(await database.db.selectFrom('trashed_tags').select('id').execute()).toEqual([])
  expect((await countArtifacts(deps.db, [bench.repository.id])).get(bench.repository.id)).toBe(1)
})

test('without days there is no trash', async () => {
  await bench.image('one', {}, 'prod')

  await remove('prod', 0)

  expect(await tags()).toEqual([])
})

test('the trash of another project is not found', async () => {
  await bench.image('mine', {}, 'prod')
  await remove('prod')
  const { id } = await onlyOne()
  const { repository } = await bench.elsewhere()

  const stolen = restoreTag(deps, { projectId: repository.projectId, id, mayRestore: true, actor: ACTOR })
  await expect(stolen).rejects.toMatchObject({ kind: 'not-found' })
  await expect(purgeTag(deps, repository.projectId, id, ACTOR)).rejects.toMatchObject({ kind: 'not-found' })
  expect(await tags()).toHaveLength(1)
})

test('a restore and a push of the tag, each before the other: it names what one of them said', async () => {
  for (let round = 0; round < 8; round += 1) {
    bench = await bench.elsewhere()
    const { digest: old } = await bench.image('old', {}, 'prod')
    await remove('prod')
    const { id } = await onlyOne()

    const [restored, pushed] = await Promise.allSettled([restore(id), bench.image('new', {}, 'prod')])

    const { digest } = pushed.status === 'fulfilled' ? pushed.value : { digest: undefined }
    expect(digest).toBeDefined()
    expect(await pointsTo('prod')).toBe(digest)
    if (restored.status === 'rejected') expect(restored.reason).toMatchObject({ kind: 'conflict' })
    expect((await tags()).map((tag) => tag.digest)).toEqual(restored.status === 'rejected' ? [old] : [])
  }
})

test('two who restore it restore it once', async () => {
  const { digest } = await bench.image('twice', {}, 'prod')
  await remove('prod')
  const { id } = await onlyOne()

  const outcomes = await Promise.allSettled([restore(id), restore(id)])

  expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  expect(await pointsTo('prod')).toBe(digest)
})

test('the history of tags outlives the trash of a repository, and goes with its rows', async () => {
  await bench.image('one', {}, 'prod')
  await database.db.transaction().execute(async (tx) => {
    await lockRepository(tx, bench.repository)
    await markRepositoryDeleted(tx, bench.repository.id, { days: 7, username: 'ann', released: true })
  })
  // Told of only now.
  while (await deliver({ db: database.db, log }, tagHistory));
  const kept = () =>
    database.db
      .selectFrom('tag_history')
      .select('tag')
      .where('repository_id', '=', bench.repository.id)
      .execute()
  const sweeper = createSweeper({ ...deps, onError: () => undefined })
  await sweeper.sweep()
  const during = await kept()
  await database.db
    .updateTable('repositories')
    .set({ expiry_time: new Date(0) })
    .where('id', '=', bench.repository.id)
    .execute()
  await sweeper.sweep()

  expect(during).toHaveLength(1)
  expect(await kept()).toEqual([])
})
