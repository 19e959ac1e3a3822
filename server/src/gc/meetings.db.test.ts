import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { deleteArtifact } from '../artifacts/deletion.ts'
import { type Bench, openBench } from '../artifacts/testing.ts'
import { commitBlob } from '../blobs/commit.ts'
import { findBlob, mountBlob, readBlob } from '../blobs/service.ts'
import { renewOffer } from '../blobs/store.ts'
import { append, body, sha256 } from '../blobs/testing.ts'
import { finishUpload, startUpload, uploadWhole } from '../blobs/uploads.ts'
import { OCI_IMAGE } from '../oci/media-types.ts'
import type { Database } from '../platform/db/database.ts'
import { createTestDatabase, type TestDatabase } from '../platform/db/testing.ts'
import { type CollectDeps, deleteDoomed, deleteObjects, markIdle } from './collect.ts'
import { scanIdle } from './store.ts'

/** Meetings with the collector in which the other one was first, and those that go on for longer; see `collect.db.test.ts`. */

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
  await markIdle(deps, await idle())
  await deleteDoomed(deps, 1, fail)
})

/** As if so many hours had passed for every blob. */
async function wait(hours: number): Promise<void> {
  for (const row of await database.db.selectFrom('blobs').select(['id', 'offer_time']).execute()) {
    const earlier = new Date(row.offer_time.getTime() - hours * 3_600_000)
    await database.db.updateTable('blobs').set({ offer_time: earlier }).where('id', '=', row.id).execute()
  }
}

async function idle(): Promise<number[]> {
  const { graceSeconds } = deps
  return (await scanIdle(deps.db, deps.store, { after: 0, limit: 10_000, graceSeconds })).idle
}

async function content(text: string): Promise<string | undefined> {
  const { projectId, name } = bench.repository
  const blob = await findBlob(bench.deps, { projectId, repository: name, digest: sha256(text) })
  if (!blob) return undefined
  const chunks: Buffer[] = []
  for await (const chunk of await readBlob(bench.deps, blob)) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

async function idOf(text: string): Promise<number> {
  const row = await database.db
    .selectFrom('blobs')
    .select('id')
    .where('digest', '=', sha256(text))
    .executeTakeFirstOrThrow()
  return row.id
}

const upload = (text: string) => uploadWhole(bench.uploads, bench.repository, body([text]), sha256(text))

/** A transaction that does its work and stands still before it commits. */
async function holding(work: (tx: Database) => Promise<unknown>): Promise<() => Promise<void>> {
  const done = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  const running = database.db.transaction().execute(async (tx) => {
    await work(tx)
    done.resolve()
    await go.promise
  })
  await Promise.race([done.promise, running])
  return async () => {
    go.resolve()
    await running
  }
}

/** The collector with everything locked and marked, before it commits. */
async function collectorWaits(): Promise<() => Promise<void>> {
  const marked = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  const marking = markIdle(deps, await idle(), async () => {
    marked.resolve()
    await go.promise
  })
  await Promise.race([marked.promise, marking])
  return async () => {
    go.resolve()
    await deleteObjects(deps, (await marking).objects, 1, fail)
  }
}

/** Until somebody waits for a lock of another one's. */
async function untilSomebodyWaits(): Promise<void> {
  for (let waiting = 0; waiting === 0; ) {
    const result = await sql<{ count: number }>`
      SELECT count(*)::int AS count FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock'`.execute(database.db)
    waiting = result.rows[0]?.count ?? 0
  }
}

test.each([
  [
    'an upload of the same digest',
    (tx: Database) => {
      const { repository, deps: blobs } = bench
      return commitBlob(tx, blobs, { digest: sha256('met'), size: 3, repository }, async () => {
        throw new Error('its bytes are there')
      })
    },
  ],
  ['an offer', async (tx: Database) => renewOffer(tx, await idOf('met'))],
])('%s that comes first keeps the blob, and the collector does not wait for it', async (_, work) => {
  await upload('met')
  await wait(2)
  const ids = await idle()
  const finish = await holding(work)

  const meanwhile = await markIdle(deps, ids)
  await finish()
  const afterwards = await markIdle(deps, ids)

  expect(meanwhile.objects.map(({ digest }) => digest)).not.toContain(sha256('met'))
  expect(afterwards.objects).toEqual([])
  expect(await content('met')).toBe('met')
})

test('a blob that was mounted since it was looked at stays', async () => {
  const target = await bench.elsewhere()
  await upload('mounted first')
  await wait(2)
  const ids = await idle()

  const mounted = await mountBlob(bench.deps, target.repository, sha256('mounted first'), bench.repository.id)
  const { objects } = await markIdle(deps, ids)

  expect(mounted).toBeDefined()
  expect(objects.map(({ digest }) => digest)).not.toContain(sha256('mounted first'))
})

test('an upload in chunks that ends while the collector has its digest stores its own bytes', async () => {
  await upload('chunks')
  await wait(2)
  const begun = await startUpload(bench.uploads, bench.repository.id, 'sha256')
  const session = await append(bench.uploads, begun, body(['chu', 'nks']))
  const finishCollector = await collectorWaits()

  const ending = finishUpload(bench.uploads, bench.repository, session, sha256('chunks'))
  await untilSomebodyWaits()
  await finishCollector()
  await ending

  expect(await content('chunks')).toBe('chunks')
})

test('a manifest that is pushed again while the collector has it is whole', async () => {
  const config = await bench.blob('m', 'config of both')
  const manifest = { mediaType: OCI_IMAGE, config, layers: [] }
  await bench.push({ ...manifest, annotations: { keeps: 'the config' } }, 'other')
  const pushed = await bench.push(manifest, 'v1')
  await deleteArtifact({ ...bench.deps, trashDays: 0 }, bench, pushed.digest, undefined)
  await wait(2)
  const finishCollector = await collectorWaits()

  const pushing = bench.push(manifest, 'v1')
  await untilSomebodyWaits()
  await finishCollector()
  await pushing

  const { projectId, name: repository } = bench.repository
  const blob = await findBlob(bench.deps, { projectId, repository, digest: pushed.digest })
  expect(blob?.key).toMatch(/data\.2$/)
  expect(await bench.deps.storage.stat(blob?.key ?? '')).toEqual({ size: pushed.size })
  const row = await database.db
    .selectFrom('manifests')
    .select('digest')
    .where('digest', '=', pushed.digest)
    .executeTakeFirst()
  expect(row).toBeDefined()
  expect(await idle()).toEqual([])
})

test('what is in the trash, or comes out of it, is nothing that a collector takes who has looked before', async () => {
  const image = await bench.image('trashed', {}, 'v1')
  // Of a moment at which nothing kept it.
  const ids = [await idOf('trashed'), await idOf('{"os":"trashed"}')]
  await deleteArtifact({ ...bench.deps, trashDays: 7 }, bench, image.digest, undefined)
  await wait(2)
  const finish = await holding(async (tx) => {
    // As a restoration does: out of the trash, and referenced again, at once or not at all.
    await tx.deleteFrom('trashed_blobs').where('blob_id', 'in', ids).execute()
    await tx.selectFrom('blobs').select('id').where('id', 'in', ids).forKeyShare().execute()
  })

  const whileRestored = await markIdle(deps, ids)
  await finish()

  expect(whileRestored.objects).toEqual([])
})

test('deletions that the store executes hours late, in any order, hit nothing that was uploaded since', async () => {
  const late: (() => Promise<unknown>)[] = []
  for (let generation = 1; generation <= 3; generation += 1) {
    await upload('late')
    await wait(2)
    const { objects } = await markIdle(deps, await idle())
    late.push(() => deleteObjects(deps, objects, 1, fail))
  }
  await upload('late')

  for (const execute of [late[1], late[2], late[0], late[0]]) await execute?.()
  // Another collector finds nothing of it any more.
  const left = await deleteDoomed(deps, 1, fail)

  expect(left).toBe(0)
  expect(await content('late')).toBe('late')
  const { projectId, name: repository } = bench.repository
  expect((await findBlob(bench.deps, { projectId, repository, digest: sha256('late') }))?.key).toMatch(
    /data\.4$/,
  )
})
