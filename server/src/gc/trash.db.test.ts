import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { deleteArtifact } from '../artifacts/deletion.ts'
import { countArtifacts } from '../artifacts/listed-store.ts'
import { readManifest } from '../artifacts/service.ts'
import { type Bench, openBench } from '../artifacts/testing.ts'
import {
  emptyTrash,
  listTrash,
  purgeArtifact,
  restoreArtifact,
  type TrashDeps,
} from '../artifacts/trash/service.ts'
import { findBlob, readBlob, removeBlob } from '../blobs/service.ts'
import { sha256 } from '../blobs/testing.ts'
import type { TaskContext } from '../jobs/kind.ts'
import type { Descriptor } from '../oci/manifest.ts'
import { OCI_IMAGE, OCI_INDEX } from '../oci/media-types.ts'
import { createTestDatabase, type TestDatabase } from '../platform/db/testing.ts'
import { changeLimit } from '../quotas/service.ts'
import { markIdle, reclaimNow } from './collect.ts'
import { garbageCollection } from './job.ts'
import { scanIdle } from './store.ts'

const ACTOR = { id: 1, username: 'ann' }
const PAGE = { offset: 0, limit: 10 }

let database: TestDatabase
let bench: Bench
let deps: TrashDeps

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())
beforeEach(async () => {
  bench = await openBench(database.db)
  Object.assign(bench.deps, { trashDays: 7, graceSeconds: 0, sparseImages: false })
  deps = {
    ...bench.deps,
    reclaim: (ids) =>
      reclaimNow(bench.deps, ids, (_object, error) => {
        throw error
      }),
  }
})

const remove = (digest: string) => deleteArtifact(deps, bench, digest, ACTOR)
const trash = async () => (await listTrash(deps, bench.repository.projectId, PAGE)).artifacts
const restore = (id: number) => restoreArtifact(deps, bench.repository.projectId, id, ACTOR)

async function onlyOne() {
  const [artifact, ...others] = await trash()
  expect(others).toEqual([])
  if (!artifact) throw new Error('the trash is empty')
  return artifact
}

function find(reference: { tag: string } | { digest: string }) {
  return deps.findReference({ projectId: bench.repository.projectId, repository: 'app', ...reference })
}

async function content(text: string): Promise<string | undefined> {
  const key = { projectId: bench.repository.projectId, repository: 'app', digest: sha256(text) }
  const blob = await findBlob(bench.deps, key)
  if (!blob) return undefined
  const chunks: Buffer[] = []
  for await (const chunk of await readBlob(bench.deps, blob)) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

/** Collects whatever may be collected. */
async function collect(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 5))
  const { idle } = await scanIdle(deps.db, deps.store, { after: 0, limit: 10_000, graceSeconds: 0 })
  await reclaimNow(bench.deps, idle, () => undefined)
}

async function used(): Promise<number> {
  const { sum } = await database.db
    .selectFrom('quota_usage')
    .select((eb) => eb.fn.sum<number>('bytes').as('sum'))
    .where('project_id', '=', bench.repository.projectId)
    .executeTakeFirstOrThrow()
  return Number(sum ?? 0)
}

test('a deleted artifact is in the trash, is kept from collection, and comes back as it was', async () => {
  const image = await bench.image('precious', {}, 'v1', 'latest')
  const before = await used()
  const body = await readManifest(deps, { id: 0, digest: image.digest })

  await remove(image.digest)
  await collect()
  const trashed = await onlyOne()
  const gone = await find({ tag: 'v1' })
  const meanwhile = await used()
  const restored = await restore(trashed.id)

  expect(trashed).toMatchObject({
    digest: image.digest,
    tags: ['latest', 'v1'],
    username: 'ann',
    repositoryName: 'app',
  })
  expect(trashed.expiryTime.getTime() - trashed.deletionTime.getTime()).toBe(7 * 86_400_000)
  expect(gone).toBeUndefined()
  expect(meanwhile).toBeLessThan(before)
  expect(restored.tags).toEqual(['latest', 'v1'])
  expect(await trash()).toEqual([])
  const found = await find({ tag: 'v1' })
  expect(found?.digest).toBe(image.digest)
  expect(await readManifest(deps, { id: found?.id ?? 0, digest: image.digest })).toEqual(body)
  expect(await content('precious')).toBe('precious')
  expect(await used()).toBe(before)
  expect((await countArtifacts(deps.db, [bench.repository.id])).get(bench.repository.id)).toBe(1)
})

test('an index comes back with its children and its signatures', async () => {
  const child = await bench.image('child')
  const index = await bench.push({ mediaType: OCI_INDEX, manifests: [child] }, 'all')
  const config = await bench.blob('application/vnd.oci.empty.v1+json', '{}')
  const signature = await bench.push({
    mediaType: OCI_IMAGE,
    artifactType: 'application/vnd.dev.cosign.artifact.sig.v1+json',
    config,
    layers: [],
    subject: index,
  })

  await remove(index.digest)
  await collect()
  await restore((await onlyOne()).id)

  for (const { digest } of [child, index, signature]) expect(await find({ digest })).toBeDefined()
})

test('an index whose child was purged meanwhile does not come back, and stays in the trash', async () => {
  const child = await bench.image('child', {}, 'child')
  const index = await bench.push({ mediaType: OCI_INDEX, manifests: [child] }, 'all')
  await remove(index.digest)
  const trashed = await onlyOne()
  await remove(child.digest)
  const ofChild = (await trash()).find(({ digest }) => digest === child.digest)
  await purgeArtifact(deps, bench.repository.projectId, ofChild?.id ?? 0, ACTOR)

  await expect(restore(trashed.id)).rejects.toMatchObject({ kind: 'conflict' })

  expect((await trash()).map(({ digest }) => digest)).toEqual([index.digest])
})

test('a tag that names something else by now stays there', async () => {
  const first = await bench.image('first', {}, 'prod', 'old')
  await remove(first.digest)
  const second = await bench.image('second', {}, 'prod')

  const { tags } = await restore((await onlyOne()).id)

  expect(tags).toEqual(['old'])
  expect((await find({ tag: 'prod' }))?.digest).toBe(second.digest)
  expect((await find({ tag: 'old' }))?.digest).toBe(first.digest)
})

test('what was pushed again meanwhile is not there twice', async () => {
  const image = await bench.image('again', {}, 'v1')
  await remove(image.digest)
  await bench.image('again', {}, 'v2')

  await restore((await onlyOne()).id)

  expect((await find({ tag: 'v1' }))?.digest).toBe(image.digest)
  expect((await find({ tag: 'v2' }))?.digest).toBe(image.digest)
  expect((await countArtifacts(deps.db, [bench.repository.id])).get(bench.repository.id)).toBe(1)
})

test('a project that is full takes nothing back, and the trash keeps all of it', async () => {
  const image = await bench.image('no room', {}, 'v1')
  await remove(image.digest)
  await removeBlob(deps, bench.repository, sha256('no room'))
  const limit = (storage: number) =>
    changeLimit({ db: deps.db }, bench.repository.projectId, { storage }, ACTOR)
  await limit((await used()) + 1)
  const { id } = await onlyOne()

  await expect(restore(id)).rejects.toMatchObject({ kind: 'denied' })
  const kept = await trash()
  await limit(-1)
  await restore(id)

  expect(kept).toHaveLength(1)
  expect(await content('no room')).toBe('no room')
})

test('what a run of the collection deletes for want of a tag can be restored', async () => {
  const { digest } = await bench.image('untagged')
  await new Promise((resolve) => setTimeout(resolve, 5))
  const kind = garbageCollection({ ...deps, trashDays: 7, releasePending: async () => undefined })

  await kind.run({
    task: { input: { deleteUntagged: true, dryRun: false, workers: 1 } },
    signal: new AbortController().signal,
    log: () => undefined,
    save: async () => undefined,
    report: async () => undefined,
  } as unknown as TaskContext)
  const gone = await find({ digest })
  const trashed = await onlyOne()
  await restore(trashed.id)

  expect(gone).toBeUndefined()
  expect(trashed).toMatchObject({ digest, tags: [], username: 'system' })
  expect(await find({ digest })).toBeDefined()
  expect(await content('untagged')).toBe('untagged')
})

test('two who restore the same restore it once', async () => {
  const image = await bench.image('twice', {}, 'v1')
  await remove(image.digest)
  const { id } = await onlyOne()

  const outcomes = await Promise.allSettled([restore(id), restore(id)])

  expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  expect(await find({ tag: 'v1' })).toBeDefined()
})

test('what is purged is out of the store at once, but for what others use', async () => {
  const shared: Descriptor = await bench.blob('m', 'shared layer')
  const leaked = await bench.image('a leaked secret', {}, 'v1')
  await bench.push({ mediaType: OCI_IMAGE, config: shared, layers: [] }, 'other')
  await remove(leaked.digest)

  await purgeArtifact(deps, bench.repository.projectId, (await onlyOne()).id, ACTOR)

  expect(await trash()).toEqual([])
  expect(await content('a leaked secret')).toBeUndefined()
  expect(await content('shared layer')).toBe('shared layer')
  const bodies = await deps.db
    .selectFrom('manifests')
    .select('digest')
    .where('digest', '=', leaked.digest)
    .execute()
  expect(bodies).toEqual([])
})

test('what has been long enough in the trash goes for good', async () => {
  const image = await bench.image('old', {}, 'v1')
  await remove(image.digest)
  const { id } = await onlyOne()
  await deps.db
    .updateTable('trashed_artifacts')
    .set({ expiry_time: new Date(0) })
    .execute()

  const hidden = await trash()
  await expect(restore(id)).rejects.toMatchObject({ kind: 'not-found' })
  await emptyTrash(deps)
  await collect()

  expect(hidden).toEqual([])
  expect(await content('old')).toBeUndefined()
  expect(await deps.db.selectFrom('trashed_blobs').selectAll().execute()).toEqual([])
})

test('the trash of another project is not found', async () => {
  const image = await bench.image('mine', {}, 'v1')
  await remove(image.digest)
  const { id } = await onlyOne()
  const other = await bench.elsewhere()

  const stolen = restoreArtifact(deps, other.repository.projectId, id, ACTOR)
  await expect(stolen).rejects.toMatchObject({ kind: 'not-found' })
  const purged = purgeArtifact(deps, other.repository.projectId, id, ACTOR)
  await expect(purged).rejects.toMatchObject({ kind: 'not-found' })
  expect(await trash()).toHaveLength(1)
})

test('without days there is no trash, and the collector takes what is deleted', async () => {
  const image = await bench.image('gone', {}, 'v1')

  await deleteArtifact({ ...deps, trashDays: 0 }, bench, image.digest, ACTOR)
  await collect()

  expect(await trash()).toEqual([])
  expect(await content('gone')).toBeUndefined()
})

test('the collector and a restore at once: it is whole, or it was never restored', async () => {
  const image = await bench.image('raced', {}, 'v1')
  await remove(image.digest)
  const { id } = await onlyOne()
  const { idle } = await scanIdle(deps.db, deps.store, { after: 0, limit: 10_000, graceSeconds: 0 })

  await Promise.all([restore(id), markIdle(bench.deps, idle), markIdle(bench.deps, idle)])

  expect(await content('raced')).toBe('raced')
})
