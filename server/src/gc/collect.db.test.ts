import pino from 'pino'
import { expect, test } from 'vitest'
import { deleteArtifact } from '../artifacts/deletion.ts'
import { findBlob, mountBlob } from '../blobs/service.ts'
import { sha256 } from '../blobs/testing.ts'
import type { Descriptor } from '../oci/manifest.ts'
import { OCI_IMAGE } from '../oci/media-types.ts'
import { deleteDoomed, deleteObjects, markIdle } from './collect.ts'
import { createContinuousCollector } from './continuous.ts'
import { fail, useCollector } from './testing-collector.ts'

const ACTOR = { id: 1, username: 'dev' }
const log = pino({ level: 'silent' })
const gc = useCollector()
const { wait, idle, collect, collectorWaits, holding, content, upload } = gc

const pushOf = (config: Descriptor, ...tags: string[]) =>
  gc.bench.push({ mediaType: OCI_IMAGE, config, layers: [] }, ...tags)

test('what nothing references goes when its grace is over, and nothing else', async () => {
  await gc.bench.image('kept', {}, 'v1')
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
  const shared = await gc.bench.blob('m', 'shared')
  const one = await gc.bench.image('one', { layers: [shared] }, 'one')
  await gc.bench.image('two', { layers: [shared] }, 'two')
  await deleteArtifact(gc.bench.deps, { ...gc.bench, repository: gc.bench.repository }, one.digest, ACTOR)
  await wait(2)

  const gone = await collect()

  expect(gone).toContain(one.digest)
  expect(gone).not.toContain(sha256('shared'))
  expect(await content('shared')).toBe('shared')
  const left = await gc.db.selectFrom('manifests').select('digest').where('digest', '=', one.digest).execute()
  expect(left).toEqual([])
})

test('a digest that comes again after its collection gets a key of its own, whatever is deleted late', async () => {
  await upload('again')
  await wait(2)
  const { objects } = await markIdle(gc.deps, await idle())
  await upload('again')
  const uploadedMeanwhile = await content('again')
  // The store executes the deletion an hour late.
  await deleteObjects(gc.deps, objects, 1, fail)

  expect(uploadedMeanwhile).toBe('again')
  expect(await content('again')).toBe('again')
  expect(await idle()).toEqual([])
})

test('a client that was told the blob is there has half the grace at least', async () => {
  const key = { projectId: gc.bench.repository.projectId, repository: 'app', digest: sha256('offered') }
  await upload('offered')
  await wait(0.9)

  const offered = await findBlob(gc.bench.deps, key)
  await wait(0.4)

  expect(offered).toBeDefined()
  expect(await collect()).toEqual([])
  const descriptor = { mediaType: 'm', digest: sha256('offered'), size: 7 }
  await pushOf(descriptor, 'v1')
})

const settle = () => new Promise((resolve) => setTimeout(resolve, 100))

test('a manifest that names a blob in the hands of the collector waits, and is told that it is gone', async () => {
  const config = await gc.bench.blob('m', 'named')
  await wait(2)
  const finish = await collectorWaits()

  const pushing = pushOf(config, 'v1').catch((error: unknown) => error)
  await settle()
  await finish()

  expect(await pushing).toMatchObject({ digests: [config.digest] })
  await upload('named')
  await pushOf(config, 'v1')
  expect(await content('named')).toBe('named')
})

test('a manifest that names the blob first keeps it, and the collector does not wait for it', async () => {
  const config = await gc.bench.blob('m', 'first')
  await wait(2)
  const ids = await idle()
  const finish = await holding((tx) =>
    tx.selectFrom('blobs').select('id').where('id', 'in', ids).forKeyShare().execute(),
  )

  const { blobs } = await markIdle(gc.deps, ids)
  await finish()
  await pushOf(config, 'v1')

  expect(blobs).toBe(0)
  expect((await markIdle(gc.deps, ids)).blobs).toBe(0)
})

test('an upload of the same digest waits for the collector and stores its own bytes', async () => {
  await upload('same')
  await wait(2)
  const finish = await collectorWaits()

  const uploading = upload('same')
  await settle()
  await finish()
  await uploading

  expect(await content('same')).toBe('same')
})

test('a mount of a blob in the hands of the collector does not happen', async () => {
  const target = await gc.bench.elsewhere()
  await upload('mounted')
  await wait(2)
  const finish = await collectorWaits()

  const mounting = mountBlob(gc.bench.deps, target.repository, sha256('mounted'), gc.bench.repository.id)
  await settle()
  await finish()

  expect(await mounting).toBeUndefined()
})

test('an offer that waits for the collector is no offer', async () => {
  await upload('head')
  await wait(2)
  const finish = await collectorWaits()

  const asking = content('head')
  await settle()
  await finish()

  expect(await asking).toBeUndefined()
})

test('two collectors at once collect everything once', async () => {
  const texts = Array.from({ length: 30 }, (_, at) => `both ${at}`)
  for (const text of texts) await upload(text)
  await wait(2)
  const ids = await idle()

  const [one, two] = await Promise.all([markIdle(gc.deps, ids), markIdle(gc.deps, ids)])

  expect(one.blobs + two.blobs).toBe(30)
  expect(one.objects.length + two.objects.length).toBe(30)
  expect(await deleteDoomed(gc.deps, 3, fail)).toBe(30)
  expect(await deleteDoomed(gc.deps, 3, fail)).toBe(0)
})

test('an object that the store will not delete is told, keeps no other, and goes the next time', async () => {
  await upload('stuck')
  await upload('free')
  await wait(2)
  const { objects } = await markIdle(gc.deps, await idle())
  const failures: string[] = []
  const refusing = {
    ...gc.deps,
    storage: {
      ...gc.deps.storage,
      delete: async (key: string) => {
        if (objects.find((object) => object.key === key)?.digest === sha256('stuck')) throw new Error('busy')
        await gc.deps.storage.delete(key)
      },
    },
  }

  const gone = await deleteObjects(refusing, objects, 1, (object) => failures.push(object.digest))

  expect(gone).toBe(1)
  expect(failures).toEqual([sha256('stuck')])
  expect(await deleteDoomed(gc.deps, 1, fail)).toBe(1)
})

test('without a schedule space is reclaimed all the same', async () => {
  await upload('continuous')
  await wait(2)
  const round = createContinuousCollector({ ...gc.deps, log })

  await round()

  expect(await content('continuous')).toBeUndefined()
  expect(await gc.bench.deps.storage.list('docker', { limit: 100 })).not.toContainEqual(
    expect.stringContaining(sha256('continuous').slice(7)),
  )
})
