import { sql } from 'kysely'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { deleteArtifact } from '../artifacts/deletion.ts'
import { ReferencesUnknownError } from '../artifacts/errors.ts'
import { commitBlob } from '../blobs/commit.ts'
import { UploadUnknownError } from '../blobs/errors.ts'
import { append, body, sha256 } from '../blobs/testing.ts'
import { finishUpload, startUpload, uploadWhole } from '../blobs/uploads.ts'
import { deleteObjects, markIdle } from '../gc/collect.ts'
import { scanIdle } from '../gc/store.ts'
import { OCI_IMAGE } from '../oci/media-types.ts'
import { createTestDatabase, type TestDatabase } from '../platform/db/testing.ts'
import type { StorageDriver } from '../storage/driver.ts'
import { ObjectExistsError } from '../storage/errors.ts'
import { blobKey } from '../storage/paths.ts'
import { pageWatched, type WatchedObject } from './objects-store.ts'
import { restoreFinding } from './service.ts'
import { settleLoss } from './settle-object.ts'
import { settleOrphan } from './settle-orphan.ts'
import { tendFindings } from './tend.ts'
import { openScrubBench, type ScrubBench } from './testing.ts'

/** What meets the scrub, step by step. */

const ACTOR = { id: 7, username: 'admin' }

let database: TestDatabase
let scrub: ScrubBench

beforeEach(async () => {
  database = await createTestDatabase()
  scrub = await openScrubBench(database.db)
})
afterEach(() => database.drop())

const upload = (text: string) =>
  uploadWhole(scrub.bench.uploads, scrub.bench.repository, body([text]), sha256(text))
const put = (key: string, text: string) => scrub.deps.storage.put(key, Buffer.from(text))

/** Collects all that nothing references. */
async function collect(): Promise<void> {
  const deps = { ...scrub.deps, graceSeconds: -1 }
  const { idle } = await scanIdle(deps.db, deps.store, { after: 0, limit: 100, graceSeconds: -1 })
  const { objects } = await markIdle(deps, idle)
  await deleteObjects(deps, objects, 1, (_, error) => {
    throw error
  })
}

/** Does something once, right before, or after, the store is asked. */
function meanwhile(
  method: 'stat' | 'read' | 'list',
  when: 'before' | 'after',
  work: () => Promise<void>,
): void {
  const { storage } = scrub.deps
  const original = storage[method].bind(storage) as (...all: unknown[]) => Promise<unknown>
  let isDone = false
  const once = async () => {
    if (isDone) return
    isDone = true
    await work()
  }
  Object.assign(storage as Pick<StorageDriver, 'stat'>, {
    [method]: async (...all: unknown[]) => {
      if (when === 'before') await once()
      const result = await original(...all)
      // What asks whether somebody else has put something here is not meant.
      if (when === 'after' && all[0] === '') await once()
      return result
    },
  })
}

/** A transaction that places an object and waits. */
function placing(text: string) {
  const { deps, repository } = scrub.bench
  const placed = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  const pushed = database.db.transaction().execute((tx) =>
    commitBlob(tx, deps, { digest: sha256(text), size: text.length, repository }, async (key) => {
      await deps.storage.put(key, Buffer.from(text))
      placed.resolve()
      await goOn.promise
      return key
    }),
  )
  return { placed: placed.promise, goOn, pushed }
}

async function objectOf(text: string): Promise<WatchedObject> {
  const all = await pageWatched(database.db, scrub.deps.store, 0, 100)
  const found = all.find(({ digest }) => digest === sha256(text))
  if (!found) throw new Error(`no object of ${text}`)
  return found
}

/** A withdrawal that has its locks and waits. */
async function withdrawing(text: string) {
  const object = await objectOf(text)
  const locked = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  const settled = settleLoss(scrub.deps, object, 'missing', async () => {
    locked.resolve()
    await goOn.promise
  })
  await locked.promise
  return { goOn, settled }
}

test('an object that is placed and whose row is not committed yet is no orphan', async () => {
  const { placed, goOn, pushed } = placing('on its way')
  await placed
  const running = scrub.run()
  await new Promise((resolve) => setTimeout(resolve, 300))

  goOn.resolve()
  await pushed

  expect((await running).told).toMatchObject({ keys: 1, orphans: 0, undecided: 0 })
  expect(await scrub.offers('on its way')).toBe(true)
})

test('an object whose transaction fails while the scrub looks is one', async () => {
  const { placed, goOn, pushed } = placing('killed')
  await placed
  const running = scrub.run()

  goOn.reject(new Error('killed'))

  await expect(pushed).rejects.toThrow('killed')
  expect((await running).told.orphans).toBe(1)
})

test('an upload that runs is nothing that the scrub sees', async () => {
  const { uploads, repository } = scrub.bench
  const begun = await append(uploads, await startUpload(uploads, repository.id, 'sha256'), body(['it is ']))

  const { told } = await scrub.run()

  expect(told).toMatchObject({ keys: 0, orphans: 0 })
  expect((await append(uploads, begun, body(['still there']))).offset).toBe(17)
})

test.each(['stat', 'read'] as const)(
  'what is collected before the %s of it is not missing',
  async (method) => {
    await upload('idle')
    meanwhile(method, 'before', collect)

    const { told } = await scrub.run()

    expect(told).toMatchObject({ missing: 0, unreadable: 0, orphans: 0, leftovers: 0 })
    expect(await scrub.findings()).toEqual([])
  },
)

test('what is collected after it was listed is neither an orphan nor left over', async () => {
  await upload('idle')
  meanwhile('list', 'after', collect)

  const { told } = await scrub.run()

  expect(told).toMatchObject({ keys: 1, orphans: 0, leftovers: 0 })
  expect(await scrub.findings()).toEqual([])
})

test('a manifest that names a blob while it is withdrawn waits, and is refused', async () => {
  await scrub.bench.image('one', {}, 'v1')
  Object.assign(scrub.bench.deps, { sparseImages: false })
  await scrub.spoil('one')
  const { goOn, settled } = await withdrawing('one')
  const config = { mediaType: 'm', digest: sha256('one'), size: 3 }
  const pushing = scrub.bench.push({ mediaType: OCI_IMAGE, config, layers: [] }, 'v2')
  pushing.catch(() => undefined)
  await new Promise((resolve) => setTimeout(resolve, 200))

  goOn.resolve()

  await expect(pushing).rejects.toThrow(ReferencesUnknownError)
  expect(await settled).toMatchObject({ healed: false })
})

test('an upload of a digest while it is withdrawn waits, and heals it', async () => {
  await scrub.bench.image('one', {}, 'v1')
  await scrub.spoil('one')
  const { goOn, settled } = await withdrawing('one')
  const uploading = upload('one')
  await new Promise((resolve) => setTimeout(resolve, 200))

  goOn.resolve()
  await uploading
  await settled

  expect(await scrub.offers('one')).toBe(true)
  expect((await objectOf('one')).key).toBe(blobKey(sha256('one'), 1))
  expect(await scrub.deps.storage.stat(blobKey(sha256('one'), 2))).toEqual({ size: 3 })
  expect(await scrub.faults()).toEqual([])
})

test('what was uploaded again, or collected, before it is withdrawn is let be', async () => {
  const gone = await scrub.bench.image('one', {}, 'v1')
  const object = await objectOf('one')
  const place = { repository: scrub.bench.repository, projectName: scrub.bench.projectName }
  await deleteArtifact(scrub.bench.deps, place, gone.digest, undefined)
  await collect()
  await upload('one')

  const settled = await settleLoss(scrub.deps, object, 'missing', () => {
    throw new Error('nothing is to be written')
  })

  expect(settled).toBeUndefined()
  expect(await scrub.offers('one')).toBe(true)
})

test('a blob that is being withdrawn is nothing that the collector waits for, or takes', async () => {
  await upload('one')
  const { idle } = await scanIdle(database.db, scrub.deps.store, { after: 0, limit: 100, graceSeconds: -1 })
  const { goOn, settled } = await withdrawing('one')

  const meanwhile = await markIdle({ ...scrub.deps, graceSeconds: -1 }, idle)
  goOn.resolve()
  await settled
  const afterwards = await markIdle({ ...scrub.deps, graceSeconds: -1 }, idle)

  expect([meanwhile.blobs, afterwards.blobs]).toEqual([0, 0])
  expect(await scrub.offers('one')).toBe(false)
  await upload('one')
  expect(await scrub.offers('one')).toBe(true)
})

test('a blob in the hands of the collector is let be by a withdrawal that has waited for it', async () => {
  await upload('one')
  const object = await objectOf('one')
  const { idle } = await scanIdle(database.db, scrub.deps.store, { after: 0, limit: 100, graceSeconds: -1 })
  const marked = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  const marking = markIdle({ ...scrub.deps, graceSeconds: -1 }, idle, async () => {
    marked.resolve()
    await goOn.promise
  })
  await marked.promise

  const settling = settleLoss(scrub.deps, object, 'missing', () => {
    throw new Error('nothing is to be written')
  })
  goOn.resolve()
  const { objects } = await marking

  expect(objects.map(({ id }) => id)).toEqual([object.id])
  expect(await settling).toBeUndefined()
  expect(await scrub.findings()).toEqual([])
})

test('two that find the same orphan write it down once', async () => {
  const orphan = { key: blobKey(sha256('x'), 1), digest: sha256('x'), generation: 1, size: 1, wanted: false }
  await put(orphan.key, 'x')
  const settle = () => settleOrphan(scrub.deps, orphan, () => Promise.resolve())

  const told = await Promise.all([settle(), settle()])

  expect(told.toSorted()).toEqual(['quarantined', undefined])
  expect(await scrub.findings()).toHaveLength(1)
})

test('an upload of the digest of an orphan that is being written down waits, and takes another key', async () => {
  const orphan = { key: blobKey(sha256('x'), 1), digest: sha256('x'), generation: 1, size: 1, wanted: false }
  await put(orphan.key, 'x')
  const locked = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  const settling = settleOrphan(scrub.deps, orphan, async () => {
    locked.resolve()
    await goOn.promise
  })
  await locked.promise
  const uploading = upload('x')

  goOn.resolve()
  await Promise.all([settling, uploading])

  expect(await scrub.offers('x')).toBe(true)
  expect(await scrub.deps.storage.stat(blobKey(sha256('x'), 2))).toEqual({ size: 1 })
})

test('a restoration and the end of the quarantine never take the bytes from each other', async () => {
  for (const text of ['a', 'b', 'c', 'd', 'e', 'f']) await put(blobKey(sha256(text), 1), text)
  await scrub.run()
  const found = await scrub.findings()
  await sql`UPDATE scrub_findings SET expiry_time = now() - interval '1 second'`.execute(database.db)

  await Promise.allSettled([
    ...found.map(({ id }) => restoreFinding(scrub.deps, id, ACTOR)),
    tendFindings(scrub.deps),
  ])

  const ended = await scrub.findings()
  expect(
    ended.map(({ state }) => state).filter((state) => state !== 'restored' && state !== 'expired'),
  ).toEqual([])
  for (const { key, state } of ended) {
    expect((await scrub.deps.storage.stat(key)) !== undefined).toBe(state === 'restored')
  }
  expect(await scrub.faults()).toEqual([])
})

test('a run that reads slowly stops at once', async () => {
  await upload('x'.repeat(500_000))
  Object.assign(scrub.deps, { bytesPerSecond: 1_000 })
  const slow = scrub.run()
  await new Promise((resolve) => setTimeout(resolve, 300))
  scrub.stop()

  // To its end it would take eight minutes.
  await slow
})

/** As a bucket: an upload becomes an object under a key of its own, however often it is tried. */
function likeBucket(): void {
  const { storage } = scrub.deps
  Object.assign(storage as Pick<StorageDriver, 'finishUpload'>, {
    async finishUpload(state, length) {
      const key = `portolan/objects/00/${sha256(JSON.stringify(state)).slice(7)}`
      const chunks: Buffer[] = []
      for await (const chunk of await storage.readUpload(state, length)) chunks.push(chunk as Buffer)
      await storage.put(key, Buffer.concat(chunks)).catch((error: unknown) => {
        if (!(error instanceof ObjectExistsError)) throw error
      })
      return key
    },
  } satisfies Pick<StorageDriver, 'finishUpload'>)
}

/** An upload that was placed, and whose transaction failed. */
async function placedInBucket(text: string) {
  likeBucket()
  const { uploads, repository } = scrub.bench
  const session = await startUpload(uploads, repository.id, 'sha256')
  const upload = await append(uploads, session, body([text]))
  const failing = database.db
    .transaction()
    .execute((tx) => finishUpload({ ...uploads, db: uncommitted(tx) }, repository, upload, sha256(text)))
  await expect(failing).rejects.toThrow('killed')

  return () => finishUpload(uploads, repository, upload, sha256(text))
}

/** Transactions within one, which come as far as their commit. */
function uncommitted(tx: typeof database.db): typeof database.db {
  const execute = async (work: (tx: typeof database.db) => Promise<unknown>) => {
    await work(tx)
    throw new Error('killed')
  }
  return Object.assign(Object.create(tx) as typeof tx, { transaction: () => ({ execute }) })
}

test('an upload that is finished at last takes its object out of quarantine', async () => {
  const finish = await placedInBucket('late')
  const { told } = await scrub.run()

  await finish()
  await sql`UPDATE scrub_findings SET expiry_time = now() - interval '1 second'`.execute(database.db)
  await tendFindings(scrub.deps)

  expect(told).toMatchObject({ orphans: 1, orphan_bytes: 4 })
  expect(await scrub.offers('late')).toBe(true)
  expect(await scrub.findings()).toMatchObject([
    { kind: 'orphan', state: 'restored', digest: sha256('late') },
  ])
  expect(await scrub.deps.storage.stat((await objectOf('late')).key)).toEqual({ size: 4 })
  expect(await scrub.faults()).toEqual([])
})

test('an upload that is finished when its object has gone must begin anew', async () => {
  const finish = await placedInBucket('late')
  await scrub.run()
  await sql`UPDATE scrub_findings SET expiry_time = now() - interval '1 second'`.execute(database.db)
  await tendFindings(scrub.deps)

  await expect(finish()).rejects.toThrow(UploadUnknownError)

  expect(await scrub.offers('late')).toBe(false)
  expect(await scrub.findings()).toMatchObject([{ state: 'expired' }])
})

test('an object that stayed where it was uploaded to is put in the place of what a blob has lost', async () => {
  await placedInBucket('one')
  await scrub.bench.blob('m', 'two')
  await sql`UPDATE blob_objects SET state = 'deleted'`.execute(database.db)
  Object.assign(scrub.bench.deps, { sparseImages: true })
  const layer = { mediaType: 'm', digest: sha256('one'), size: 3 }
  const config = { mediaType: 'm', digest: sha256('two'), size: 3 }
  await scrub.bench.push({ mediaType: OCI_IMAGE, config, layers: [layer] }, 'v1')

  const { told } = await scrub.run()

  expect(told.restored).toBe(1)
  expect((await objectOf('one')).key).toMatch(/^portolan\/objects\//)
})
