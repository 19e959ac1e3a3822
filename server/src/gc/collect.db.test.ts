import pino from 'pino'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { deleteArtifact } from '../artifacts/deletion.ts'
import { type Bench, openBench } from '../artifacts/testing.ts'
import { findBlob, mountBlob, readBlob } from '../blobs/service.ts'
import { body, sha256 } from '../blobs/testing.ts'
import { uploadWhole } from '../blobs/uploads.ts'
import type { Descriptor } from '../oci/manifest.ts'
import { OCI_IMAGE } from '../oci/media-types.ts'
import { createTestDatabase, type TestDatabase } from '../platform/db/testing.ts'
import { type CollectDeps, deleteDoomed, deleteObjects, markIdle } from './collect.ts'
import { createContinuousCollector } from './continuous.ts'
import { scanIdle } from './store.ts'

const ACTOR = { id: 1, username: 'dev' }
const log = pino({ level: 'silent' })
const fail = (_object: unknown, error: unknown) => {
  throw error
}

let database: TestDatabase
let bench: Bench
let deps: CollectDeps

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())
beforeEach(async () => {
  bench = await openBench(database.db)
  Object.assign(bench.deps, { graceSeconds: 3600, sparseImages: false })
  deps = { db: database.db, storage: bench.deps.storage, store: bench.deps.store, graceSeconds: 3600 }
  // What tests before have left is none of this one's.
  await wait(1000)
  await collect()
})

/** As if so many hours had passed for every blob. */
async function wait(hours: number): Promise<void> {
  const rows = await database.db.selectFrom('blobs').select(['id', 'offer_time']).execute()
  for (const row of rows) {
    const earlier = new Date(row.offer_time.getTime() - hours * 3_600_000)
    await database.db.updateTable('blobs').set({ offer_time: earlier }).where('id', '=', row.id).execute()
  }
}

async function idle(): Promise<number[]> {
  const { graceSeconds } = deps
  return (await scanIdle(deps.db, deps.store, { after: 0, limit: 10_000, graceSeconds })).idle
}

/** Digests that are collected now. */
async function collect(): Promise<string[]> {
  const { objects } = await markIdle(deps, await idle())
  await deleteObjects(deps, objects, 2, fail)
  return objects.map((object) => object.digest)
}

async function content(text: string): Promise<string | undefined> {
  const { projectId, name } = bench.repository
  const blob = await findBlob(bench.deps, { projectId, repository: name, digest: sha256(text) })
  if (!blob) return undefined
  const chunks: Buffer[] = []
  for await (const chunk of await readBlob(bench.deps, blob)) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

const upload = (text: string) => uploadWhole(bench.uploads, bench.repository, body([text]), sha256(text))
const pushOf = (config: Descriptor, ...tags: string[]) =>
  bench.push({ mediaType: OCI_IMAGE, config, layers: [] }, ...tags)

test('what nothing references goes when its grace is over, and nothing else', async () => {
  await bench.image('kept', {}, 'v1')
  await upload('never referenced')
  await wait(2)
  await upload('young')

  const gone = await collect()

  expect(gone).toEqual([sha256('never referenced')])
  expect(await content('never referenced')).toBeUndefined()
  expect(await content('kept')).toBe('kept')
  expect(await content('young')).toBe('young')
})

test('an artifact that is deleted leaves its manifest and its blobs to collection, but those that others share', async () => {
  const shared = await bench.blob('m', 'shared')
  const one = await bench.image('one', { layers: [shared] }, 'one')
  await bench.image('two', { layers: [shared] }, 'two')
  await deleteArtifact(bench.deps, { ...bench, repository: bench.repository }, one.digest, ACTOR)
  await wait(2)

  const gone = await collect()

  expect(gone).toContain(one.digest)
  expect(gone).not.toContain(sha256('shared'))
  expect(await content('shared')).toBe('shared')
  const left = await database.db
    .selectFrom('manifests')
    .select('digest')
    .where('digest', '=', one.digest)
    .execute()
  expect(left).toEqual([])
})

test('a digest that comes again after its collection gets a key of its own, whatever is deleted late', async () => {
  await upload('again')
  await wait(2)
  const { objects } = await markIdle(deps, await idle())
  await upload('again')
  const uploadedMeanwhile = await content('again')
  // The store executes the deletion an hour late.
  await deleteObjects(deps, objects, 1, fail)

  expect(uploadedMeanwhile).toBe('again')
  expect(await content('again')).toBe('again')
  expect(await idle()).toEqual([])
})

test('a client that was told the blob is there has half the grace at least', async () => {
  const key = { projectId: bench.repository.projectId, repository: 'app', digest: sha256('offered') }
  await upload('offered')
  await wait(0.9)

  const offered = await findBlob(bench.deps, key)
  await wait(0.4)

  expect(offered).toBeDefined()
  expect(await collect()).toEqual([])
  const descriptor = { mediaType: 'm', digest: sha256('offered'), size: 7 }
  await pushOf(descriptor, 'v1')
})

/** Holds a transaction of the collector at its end, with everything locked and marked. */
async function collectorWaits(): Promise<{ finish(): Promise<void> }> {
  const marked = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  const marking = markIdle(deps, await idle(), async () => {
    marked.resolve()
    await go.promise
  })
  await marked.promise
  return {
    async finish() {
      go.resolve()
      const { objects } = await marking
      await deleteObjects(deps, objects, 1, fail)
    },
  }
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 100))

test('a manifest that names a blob in the hands of the collector waits, and is told that it is gone', async () => {
  const config = await bench.blob('m', 'named')
  await wait(2)
  const collector = await collectorWaits()

  const pushing = pushOf(config, 'v1').catch((error: unknown) => error)
  await settle()
  await collector.finish()

  expect(await pushing).toMatchObject({ digests: [config.digest] })
  await upload('named')
  await pushOf(config, 'v1')
  expect(await content('named')).toBe('named')
})

test('a manifest that names the blob first keeps it, and the collector does not wait for it', async () => {
  const config = await bench.blob('m', 'first')
  await wait(2)
  const ids = await idle()
  const held = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  const pushing = database.db.transaction().execute(async (tx) => {
    await tx.selectFrom('blobs').select('id').where('id', 'in', ids).forKeyShare().execute()
    held.resolve()
    await go.promise
  })
  await held.promise

  const { blobs } = await markIdle(deps, ids)
  go.resolve()
  await pushing
  await pushOf(config, 'v1')

  expect(blobs).toBe(0)
  expect((await markIdle(deps, ids)).blobs).toBe(0)
})

test('an upload of the same digest waits for the collector and stores its own bytes', async () => {
  await upload('same')
  await wait(2)
  const collector = await collectorWaits()

  const uploading = upload('same')
  await settle()
  await collector.finish()
  await uploading

  expect(await content('same')).toBe('same')
})

test('a mount of a blob in the hands of the collector does not happen', async () => {
  const target = await bench.elsewhere()
  await upload('mounted')
  await wait(2)
  const collector = await collectorWaits()

  const mounting = mountBlob(bench.deps, target.repository, sha256('mounted'), bench.repository.id)
  await settle()
  await collector.finish()

  expect(await mounting).toBeUndefined()
})

test('an offer that waits for the collector is no offer', async () => {
  await upload('head')
  await wait(2)
  const collector = await collectorWaits()

  const asking = content('head')
  await settle()
  await collector.finish()

  expect(await asking).toBeUndefined()
})

test('two collectors at once collect everything once', async () => {
  const texts = Array.from({ length: 30 }, (_, at) => `both ${at}`)
  for (const text of texts) await upload(text)
  await wait(2)
  const ids = await idle()

  const [one, two] = await Promise.all([markIdle(deps, ids), markIdle(deps, ids)])

  expect(one.blobs + two.blobs).toBe(30)
  expect(one.objects.length + two.objects.length).toBe(30)
  expect(await deleteDoomed(deps, 3, fail)).toBe(30)
  expect(await deleteDoomed(deps, 3, fail)).toBe(0)
})

test('an object that the store will not delete is told, keeps no other, and goes the next time', async () => {
  await upload('stuck')
  await upload('free')
  await wait(2)
  const { objects } = await markIdle(deps, await idle())
  const failures: string[] = []
  const refusing = {
    ...deps,
    storage: {
      ...deps.storage,
      delete: async (key: string) => {
        if (objects.find((object) => object.key === key)?.digest === sha256('stuck')) throw new Error('busy')
        await deps.storage.delete(key)
      },
    },
  }

  const gone = await deleteObjects(refusing, objects, 1, (object) => failures.push(object.digest))

  expect(gone).toBe(1)
  expect(failures).toEqual([sha256('stuck')])
  expect(await deleteDoomed(deps, 1, fail)).toBe(1)
})

test('without a schedule space is reclaimed all the same', async () => {
  await upload('continuous')
  await wait(2)
  const round = createContinuousCollector({ ...deps, log })

  await round()

  expect(await content('continuous')).toBeUndefined()
  expect(await bench.deps.storage.list('docker', { limit: 100 })).not.toContainEqual(
    expect.stringContaining(sha256('continuous').slice(7)),
  )
})
