import { sql } from 'kysely'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { deleteArtifact } from '../../artifacts/deletion.ts'
import { type Bench, openBench } from '../../artifacts/testing.ts'
import { commitBlob } from '../../blobs/commit.ts'
import { sha256 } from '../../blobs/testing.ts'
import { startUpload } from '../../blobs/uploads.ts'
import { deleteDoomed, markIdle } from '../../gc/collect.ts'
import { scanIdle } from '../../gc/store.ts'
import { OCI_INDEX } from '../../oci/media-types.ts'
import { createTestDatabase, type TestDatabase } from '../../platform/db/testing.ts'
import { blobKey, taskLogKey } from '../../storage/paths.ts'
import { createPace } from '../pace.ts'
import { countStrayUploads } from './check-objects.ts'
import type { Fault, Report } from './model.ts'
import { makeReport } from './report.ts'

let database: TestDatabase
let bench: Bench

beforeEach(async () => {
  database = await createTestDatabase()
  bench = await openBench(database.db)
})
afterEach(() => database.drop())

function report({ rehash = false, patience = 5_000, sparseImages = false } = {}): Promise<Report> {
  const { storage, store } = bench.deps
  const pace = rehash ? createPace(undefined) : undefined
  const deps = { db: database.db, storage, store, rehash: pace, patienceMilliseconds: patience }
  return makeReport(deps, { sparseImages, sparseIndex: false })
}

const faultsOf = ({ faults }: Report) =>
  Object.entries(faults).flatMap(([fault, { cases }]) =>
    cases.map(({ digest, key }) => [fault as Fault, digest ?? key]),
  )

const run = (statement: string) => sql.raw(statement).execute(database.db)
const nameOf = (digest: string) => `${bench.projectName}/app@${digest}`

async function overwrite(text: string, bytes: string): Promise<void> {
  const key = blobKey(sha256(text), 1)
  await bench.deps.storage.delete(key)
  await bench.deps.storage.put(key, Buffer.from(bytes))
}

test('what was pushed, deleted, collected, trashed and is uploaded agrees', async () => {
  const child = await bench.image('child', {}, 'v1')
  await bench.push({ mediaType: OCI_INDEX, manifests: [child] }, 'index')
  const gone = await bench.image('gone')
  const trashed = await bench.image('trashed')
  const place = { repository: bench.repository, projectName: bench.projectName }
  await deleteArtifact(bench.deps, place, gone.digest, undefined)
  await deleteArtifact({ ...bench.deps, trashDays: 7 }, place, trashed.digest, undefined)
  const collect = { db: database.db, storage: bench.deps.storage, store: bench.deps.store, graceSeconds: 0 }
  const { idle } = await scanIdle(database.db, bench.deps.store, { after: 0, limit: 100, graceSeconds: 0 })
  await markIdle(collect, idle)
  const before = await report({ rehash: true })
  await deleteDoomed(collect, 1, (_, error) => {
    throw error
  })

  const after = await report({ rehash: true })

  expect(faultsOf(before)).toEqual([])
  expect(before.also.deleting.count).toBe(3)
  expect(faultsOf(after)).toEqual([])
  expect(after.agree).toBe(true)
  expect(after.checked).toMatchObject({ objects: 7, keys: 7, artifacts: 2, trashed: 1, manifests: 3 })
  expect(after.checked.hashedBytes).toBe(after.checked.bytes)
})

test('objects that are gone, cut off or changed are told, with what needs them', async () => {
  const one = await bench.image('one')
  await bench.image('two')
  const three = await bench.image('three')
  await bench.deps.storage.delete(blobKey(sha256('one'), 1))
  await overwrite('two', 'tw')
  await overwrite('three', 'THREE')

  const { agree, faults } = await report({ rehash: true })

  expect(agree).toBe(false)
  expect(faults.missing?.cases).toEqual([
    { digest: sha256('one'), key: blobKey(sha256('one'), 1), size: 3, neededBy: [nameOf(one.digest)] },
  ])
  expect(faults['wrong-size']?.cases[0]).toMatchObject({
    digest: sha256('two'),
    detail: 'the object has 2 bytes',
  })
  expect(faults.damaged?.cases[0]).toMatchObject({
    digest: sha256('three'),
    neededBy: [nameOf(three.digest)],
  })
})

test('objects that no row knows are told as what they are', async () => {
  const { storage } = bench.deps
  const orphan = blobKey(sha256('orphan'), 2)
  await storage.put(orphan, Buffer.from('orphan'))
  await storage.put(taskLogKey(12, 1, 1), Buffer.from('said'))
  await storage.put('docker/registry/v2/blobs/sha256/ab/abc/data', Buffer.from('short'))
  await storage.put('notes.txt', Buffer.from('mine'))

  const { faults } = await report()

  expect(faults.orphan?.cases).toEqual([
    { key: orphan, digest: sha256('orphan'), size: 6 },
    { key: taskLogKey(12, 1, 1), size: 4 },
  ])
  expect(faults.foreign?.cases.map(({ key }) => key)).toEqual([
    'docker/registry/v2/blobs/sha256/ab/abc/data',
    'notes.txt',
  ])
})

test('beside the data of another registry no blob is called an orphan', async () => {
  const { storage } = bench.deps
  await storage.put(blobKey(sha256('theirs'), 1), Buffer.from('theirs'))
  await storage.put('docker/registry/v2/repositories/app/_layers/link', Buffer.from('x'))

  const { faults } = await report()

  expect(Object.keys(faults)).toEqual(['foreign'])
  expect(faults.foreign?.count).toBe(2)
})

test('an object that is placed and whose row is not committed yet is waited for', async () => {
  const text = 'on its way'
  const digest = sha256(text)
  const arrived = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  const { deps, repository } = bench
  const pushing = database.db.transaction().execute((tx) =>
    commitBlob(tx, deps, { digest, size: text.length, repository }, async (key) => {
      await deps.storage.put(key, Buffer.from(text))
      arrived.resolve()
      await goOn.promise
      return key
    }),
  )
  await arrived.promise
  const impatient = await report({ patience: 50 })
  const patient = report()

  goOn.resolve()
  await pushing
  const found = faultsOf(await patient)

  expect(faultsOf(impatient)).toEqual([['undecided', digest]])
  expect(found).toEqual([])
})

test('an object that is placed and whose transaction fails is an orphan', async () => {
  const digest = sha256('lost')
  const { deps, repository } = bench
  const pushing = database.db.transaction().execute((tx) =>
    commitBlob(tx, deps, { digest, size: 4, repository }, async (key) => {
      await deps.storage.put(key, Buffer.from('lost'))
      throw new Error('killed')
    }),
  )
  await expect(pushing).rejects.toThrow('killed')

  expect(faultsOf(await report())).toEqual([['orphan', digest]])
})

test('an object that was deleted by its row and is there is told', async () => {
  await bench.image('one')
  await run(`UPDATE blob_objects SET state = 'deleted' WHERE key = '${blobKey(sha256('one'), 1)}'`)

  const found = faultsOf(await report())

  expect(found).toContainEqual(['leftover', sha256('one')])
  expect(found).toContainEqual(['blob-absent', sha256('one')])
})

test('bodies that are gone, changed or of another size are told', async () => {
  const gone = await bench.image('gone')
  const changed = await bench.image('changed')
  await run(`DELETE FROM manifests WHERE digest = '${gone.digest}'`)
  await run(`UPDATE manifests SET body = convert_to('{}', 'UTF8') WHERE digest = '${changed.digest}'`)

  const found = faultsOf(await report())

  expect(found).toEqual([
    ['manifest-missing', gone.digest],
    ['manifest-damaged', changed.digest],
    ['size-differs', changed.digest],
  ])
})

test('what a manifest names is held against rows, in the trash too', async () => {
  const kept = await bench.image('kept')
  const trashed = await bench.image('trashed')
  const place = { repository: bench.repository, projectName: bench.projectName }
  await deleteArtifact({ ...bench.deps, trashDays: 7 }, place, trashed.digest, undefined)
  const blob = (text: string) => `(SELECT id FROM blobs WHERE digest = '${sha256(text)}')`
  await run(`DELETE FROM artifact_blobs WHERE blob_id = ${blob('kept')}`)
  await run(`DELETE FROM trashed_blobs WHERE blob_id = ${blob('trashed')}`)

  const { faults } = await report()

  expect(faults['reference-missing']?.cases).toEqual([
    { digest: sha256('kept'), size: 4, neededBy: [nameOf(kept.digest)] },
    { digest: sha256('trashed'), size: 7, neededBy: [nameOf(trashed.digest)] },
  ])
})

test('blobs that were named before they came are a fault only where that is not allowed', async () => {
  const config = await bench.blob('application/vnd.oci.image.config.v1+json', '{}')
  const layer = { mediaType: 'application/octet-stream', digest: sha256('later'), size: 5 }
  await bench.push({ mediaType: 'application/vnd.oci.image.manifest.v1+json', config, layers: [layer] })

  expect(faultsOf(await report())).toEqual([['blob-absent', sha256('later')]])
  const allowed = await report({ sparseImages: true })
  expect([faultsOf(allowed), allowed.also.sparse]).toEqual([[], 1])
})

test('children and tags that lead nowhere are told', async () => {
  const child = await bench.image('child', {}, 'v1')
  const index = await bench.push({ mediaType: OCI_INDEX, manifests: [child] }, 'index')
  const other = await bench.elsewhere()
  await run(`UPDATE tags SET repository_id = ${other.repository.id} WHERE name = 'v1'`)
  await run(`UPDATE artifacts SET repository_id = ${other.repository.id} WHERE digest = '${child.digest}'`)
  await run(`UPDATE tags SET repository_id = ${bench.repository.id} WHERE name = 'v1'`)

  const { faults } = await report()

  expect(faults['child-absent']?.cases).toEqual([{ digest: child.digest, neededBy: [nameOf(index.digest)] }])
  expect(faults['tag-astray']?.cases).toEqual([{ detail: `${bench.projectName}/app:v1` }])
})

test('what projects use is what counts, and what they reference counts', async () => {
  await bench.image('one')
  await bench.blob('x', 'pending')
  const right = await report()
  await run(`UPDATE quota_usage SET bytes = bytes + 1 WHERE project_id = ${bench.repository.projectId}`)
  await run(
    `DELETE FROM project_blobs WHERE blob_id = (SELECT id FROM blobs WHERE digest = '${sha256('one')}')`,
  )

  const { faults } = await report()

  const [project] = right.projects
  expect(project).toMatchObject({ name: bench.projectName, pending: 7 })
  expect(project?.used).toBe((project?.referenced ?? 0) + 7)
  expect(right.agree).toBe(true)
  expect(faults.usage?.cases[0]?.size).toBe(4)
  expect(faults.uncounted).toMatchObject({ count: 1, bytes: 3 })
})

test('a collected blob that has bytes contradicts itself', async () => {
  await bench.image('one')
  await run(`UPDATE blobs SET collected = true WHERE digest = '${sha256('one')}'`)

  expect(faultsOf(await report())).toEqual([['rows', sha256('one')]])
})

test('uploads that no session knows are counted', async () => {
  const { storage, store } = bench.deps
  const deps = { db: database.db, storage, store, rehash: undefined, patienceMilliseconds: 0 }
  await startUpload(bench.uploads, bench.repository.id, 'sha256')
  await storage.startUpload('left-behind')

  const count = await countStrayUploads(deps, -1)

  expect(count).toBe(1)
})
