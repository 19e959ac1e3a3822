import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { deleteArtifact } from '../artifacts/deletion.ts'
import { type Bench, openBench } from '../artifacts/testing.ts'
import { listTrash, purgeArtifact, type TrashDeps } from '../artifacts/trash/service.ts'
import { createTestDatabase, type TestDatabase } from '../platform/db/testing.ts'
import type { DeleteOptions } from '../storage/driver.ts'
import { type CollectDeps, deleteDoomed, deleteObjects, markIdle, reclaimNow } from './collect.ts'
import { scanIdle } from './store.ts'

/** What is purged is gone for good when that is answered, whoever else is about to collect it. */

const ACTOR = { id: 1, username: 'ann' }
const fail = (_object: unknown, error: unknown) => {
  throw error
}

let database: TestDatabase
let bench: Bench
let deps: CollectDeps
let trash: TrashDeps
/** Keys that were deleted, and those of them that a power cut does not bring back. */
let deleted: string[]
let forGood: string[]
let refuses: boolean

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())
beforeEach(async () => {
  bench = await openBench(database.db)
  Object.assign(bench.deps, { trashDays: 7, graceSeconds: 0, sparseImages: false })
  deleted = []
  forGood = []
  refuses = false
  const { storage } = bench.deps
  const watched = {
    ...storage,
    async delete(key: string, options?: DeleteOptions) {
      if (refuses) throw new Error('busy')
      await storage.delete(key, options)
      deleted.push(key)
      if (options?.durable) forGood.push(key)
    },
  }
  deps = { db: database.db, storage: watched, store: bench.deps.store, graceSeconds: 0 }
  trash = { ...bench.deps, reclaim: (ids) => reclaimNow(deps, ids, () => undefined) }
})

/** Deletes an image, for the trash; answers how to purge it, its blobs and their keys. */
async function trashed(text: string) {
  const image = await bench.image(text)
  await deleteArtifact(trash, bench, image.digest, ACTOR)
  const { projectId } = bench.repository
  const [artifact] = (await listTrash(trash, projectId, { offset: 0, limit: 10 })).artifacts
  const id = artifact?.id ?? 0
  const blobs = await database.db
    .selectFrom('trashed_blobs')
    .innerJoin('blob_objects', 'blob_objects.blob_id', 'trashed_blobs.blob_id')
    .select(['blob_objects.blob_id', 'key'])
    .where('trash_id', '=', id)
    .execute()
  return {
    id,
    blobIds: blobs.map((blob) => blob.blob_id),
    keys: blobs.map(({ key }) => key).sort(),
    purge: () => purgeArtifact(trash, projectId, id, ACTOR),
    /** The first half of it: what happens behind it until the bytes are reclaimed may come in between. */
    takeOut: () => database.db.deleteFrom('trashed_artifacts').where('id', '=', id).execute(),
  }
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 100))

test('what is collected day by day is deleted without waiting for the disk, what is purged with it', async () => {
  const ordinary = await trashed('ordinary')
  await ordinary.takeOut()
  const secret = await trashed('a secret')

  const { objects } = await markIdle(deps, ordinary.blobIds)
  await deleteObjects(deps, objects, 2, fail)
  const isGone = await secret.purge()

  expect(isGone).toBe(true)
  expect(deleted.sort()).toEqual([...ordinary.keys, ...secret.keys].sort())
  expect(forGood.sort()).toEqual(secret.keys)
})

test('what is purged by a process that dies over it has no grace left', async () => {
  const { purge, blobIds, keys } = await trashed('of one that died')
  const kept = await bench.blob('application/octet-stream', 'young')
  trash.reclaim = async () => {
    throw new Error('dead')
  }

  await expect(purge()).rejects.toThrow('dead')
  const graceful = { ...deps, graceSeconds: 3600 }
  const { idle } = await scanIdle(deps.db, deps.store, { after: 0, limit: 10_000, graceSeconds: 3600 })
  const { objects } = await markIdle(graceful, idle)

  expect(idle.sort()).toEqual(blobIds.sort())
  expect(objects.map(({ key }) => key).sort()).toEqual(keys)
  expect(objects.map(({ digest }) => digest)).not.toContain(kept.digest)
})

test('what another collector has marked and not deleted yet is gone all the same', async () => {
  const { purge, takeOut, blobIds, keys } = await trashed('marked by another')
  // Between the two transactions of a purge.
  await takeOut()
  const { objects } = await markIdle(deps, blobIds)

  const isGone = await reclaimNow(deps, blobIds, fail)
  const doneBefore = [...forGood].sort()
  await deleteObjects(deps, objects, 2, fail)

  expect(isGone).toBe(true)
  expect(doneBefore).toEqual(keys)
  await expect(purge()).rejects.toMatchObject({ kind: 'not-found' })
})

test('what another collector has deleted a moment ago is made to stay away', async () => {
  const { takeOut, blobIds, keys } = await trashed('deleted by another')
  await takeOut()
  const { objects } = await markIdle(deps, blobIds)
  await deleteObjects(deps, objects, 2, fail)
  const before = [...forGood]

  await reclaimNow(deps, blobIds, fail)

  expect(before).toEqual([])
  expect(forGood.sort()).toEqual(keys)
})

test('a blob that somebody is busy with at the moment is waited for, and goes', async () => {
  const { purge, blobIds, keys } = await trashed('busy')
  const held = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  // A HEAD renews the grace of the blob: no reference.
  const asking = database.db.transaction().execute(async (tx) => {
    await tx.updateTable('blobs').set({ offer_time: new Date() }).where('id', 'in', blobIds).execute()
    held.resolve()
    await go.promise
  })
  await held.promise

  const purging = purge()
  await settle()
  go.resolve()
  await asking

  expect(await purging).toBe(true)
  expect(forGood.sort()).toEqual(keys)
})

test('a blob that a push has in its hands stays', async () => {
  const other = await bench.image('whoever references it')
  const { purge, blobIds } = await trashed('pushed at this moment')
  const held = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  const pushing = database.db.transaction().execute(async (tx) => {
    await tx.selectFrom('blobs').select('id').where('id', 'in', blobIds).forKeyShare().execute()
    held.resolve()
    await go.promise
    const artifact = tx.selectFrom('artifacts').where('digest', '=', other.digest)
    for (const id of blobIds) {
      await tx
        .insertInto('artifact_blobs')
        .columns(['artifact_id', 'repository_id', 'blob_id'])
        .expression(artifact.select(['id', 'repository_id', sql<number>`${id}::bigint`.as('blob_id')]))
        .execute()
    }
  })
  await held.promise

  const purging = purge()
  await settle()
  go.resolve()
  await pushing

  expect(await purging).toBe(true)
  expect(deleted).toEqual([])
})

test('what the store refuses is said not to be gone, and goes for good the next time', async () => {
  const { purge, keys } = await trashed('refused')
  refuses = true

  const isGone = await purge()
  refuses = false
  await deleteDoomed(deps, 2, fail)

  expect(isGone).toBe(false)
  expect(forGood).toEqual(expect.arrayContaining(keys))
})
