import { afterAll, beforeEach, expect, test } from 'vitest'
import { createTestDatabase } from '../platform/db/testing.ts'
import { shareAnew } from '../quotas/count.ts'
import type { Repository } from '../repositories/model.ts'
import type { StorageDriver } from '../storage/driver.ts'
import { openMemoryDriver } from '../storage/drivers/memory/memory-driver.ts'
import { guardDriver } from '../storage/guarded-driver.ts'
import { DigestMismatchError, UploadInterruptedError, UploadUnknownError } from './errors.ts'
import { createBlobLookup } from './lookup.ts'
import { findBlob, readBlob } from './service.ts'
import { blobDeps, body, seedRepository, sha256 } from './testing.ts'
import { finishSmall, isUntouched } from './upload-small.ts'
import {
  cancelUpload,
  finishWithChunk,
  getUpload,
  startUpload,
  takeOver,
  type UploadsDeps,
  uploadWhole,
} from './uploads.ts'

const { db, drop } = await createTestDatabase()

let repository: Repository
let deps: UploadsDeps
/** What the store was asked for, in order. */
let asked: string[]

afterAll(drop)

beforeEach(async () => {
  repository = await seedRepository(db)
  asked = []
  const driver: StorageDriver = { ...(await openMemoryDriver()), putsUpTo: 10 }
  const storage = guardDriver(driver, { observe: (operation) => asked.push(operation) })
  const store = `small-${repository.id}`
  deps = { ...(await blobDeps(db)), storage, store, findByName: createBlobLookup(db, store) }
})

async function bytesOf(text: string): Promise<string> {
  const { projectId, name } = repository
  const blob = await findBlob(deps, { projectId, repository: name, digest: sha256(text) })
  if (blob === undefined) return 'none'
  const chunks: Buffer[] = []
  for await (const chunk of await readBlob(deps, blob)) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

test('a small blob is one request to the store', async () => {
  await uploadWhole(deps, repository, body(['all ', 'of it']), sha256('all of it'))

  expect(asked).toEqual(['put'])
  expect(await bytesOf('all of it')).toBe('all of it')
})

test('the next one of the same bytes asks the store for nothing', async () => {
  await uploadWhole(deps, repository, body(['same']), sha256('same'))
  await uploadWhole(deps, repository, body(['same']), sha256('same'))

  expect(asked).toEqual(['put'])
})

test('a larger one is an upload, whole', async () => {
  await uploadWhole(deps, repository, body(['more than', ' ten', ' bytes']), sha256('more than ten bytes'))

  expect(asked).toEqual(['startUpload', 'append', 'finishUpload', 'forgetUpload'])
  expect(await bytesOf('more than ten bytes')).toBe('more than ten bytes')
})

test('the empty one has an object too', async () => {
  await uploadWhole(deps, repository, body([]), sha256(''))

  expect(await bytesOf('')).toBe('')
})

test.each([
  { what: 'breaks off', source: () => body(['half'], new Error('aborted')), error: UploadInterruptedError },
  { what: 'is another', source: () => body(['other']), error: DigestMismatchError },
])('one that $what leaves nothing', async ({ source, error }) => {
  await expect(uploadWhole(deps, repository, source(), sha256('half and'))).rejects.toThrow(error)

  expect(asked).toEqual([])
})

test('the source is closed also where the store refuses before anybody goes on reading it', async () => {
  let closed = false
  async function* source(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield Buffer.from('endless')
    } finally {
      closed = true
    }
  }
  const refusing = { ...deps.storage, startUpload: () => Promise.reject(new Error('refused')) }

  const uploading = uploadWhole({ ...deps, storage: refusing }, repository, source(), sha256('endless'))

  await expect(uploading).rejects.toThrow('refused')
  await expect.poll(() => closed).toBe(true)
})

test('a key that a crash has taken is passed over', async () => {
  await uploadWhole(deps, repository, body(['crashed']), sha256('crashed'))
  const other = await seedRepository(db)
  await db.deleteFrom('blob_objects').where('store', '=', deps.store).execute()

  await uploadWhole(deps, other, body(['crashed']), sha256('crashed'))

  expect(asked).toEqual(['put', 'put', 'put'])
})

const begin = () => startUpload(deps, repository.id, 'sha256')

test('an upload that ends with all its bytes is one request to the store as well, and is over', async () => {
  const upload = await begin()

  const rest = await finishSmall(deps, repository, upload, body(['all ', 'of it']), sha256('all of it'))

  expect(rest).toBeUndefined()
  expect(asked).toEqual(['put'])
  expect(await bytesOf('all of it')).toBe('all of it')
  await expect(getUpload(deps, repository.id, upload.id)).rejects.toThrow(UploadUnknownError)
})

test('with other bytes than those of the digest it is over, too', async () => {
  const upload = await begin()

  const ending = finishSmall(deps, repository, upload, body(['other']), sha256('all of it'))

  await expect(ending).rejects.toThrow(DigestMismatchError)
  expect(asked).toEqual([])
  await expect(getUpload(deps, repository.id, upload.id)).rejects.toThrow(UploadUnknownError)
})

test.each([
  { what: 'cancelled', meanwhile: cancelUpload },
  { what: 'written to', meanwhile: takeOver },
])('one that is $what meanwhile does not end with them', async ({ meanwhile }) => {
  const upload = await begin()
  await meanwhile(deps, upload)

  const ending = finishSmall(deps, repository, upload, body(['all of it']), sha256('all of it'))

  await expect(ending).rejects.toThrow(UploadUnknownError)
  expect(asked).toEqual([])
  expect(await bytesOf('all of it')).toBe('none')
})

test('where the source breaks off the caller gets what came, and what happened', async () => {
  const upload = await begin()
  const failure = new Error('aborted')

  const rest = await finishSmall(deps, repository, upload, body(['half'], failure), sha256('half and'))

  const read = async () => {
    const chunks: Uint8Array[] = []
    for await (const chunk of rest ?? []) chunks.push(chunk)
    return Buffer.concat(chunks).toString()
  }
  await expect(read()).rejects.toBe(failure)
  expect(isUntouched(await getUpload(deps, repository.id, upload.id))).toBe(true)
})

test('where the project has no room for them they can be ended with later', async () => {
  const { projectId } = repository
  await db.updateTable('projects').set({ storage_limit: 3 }).where('id', '=', projectId).execute()
  await shareAnew(db, projectId)
  const upload = await begin()

  const rest = await finishSmall(deps, repository, upload, body(['all of it']), sha256('all of it'))

  const chunks: Uint8Array[] = []
  for await (const chunk of rest ?? []) chunks.push(chunk)
  expect(Buffer.concat(chunks).toString()).toBe('all of it')
  expect(asked).toEqual([])
  expect(await bytesOf('all of it')).toBe('none')
})

test('what the store could not take of the first bytes does not stay behind, and they can be sent again', async () => {
  const upload = await begin()
  const bytes = 'more than ten bytes'
  const full = {
    ...deps.storage,
    append: () => Promise.reject(new Error('full')),
    abortUpload: deps.storage.abortUpload,
  }

  const writer = await takeOver(deps, upload)
  const ending = finishWithChunk({ ...deps, storage: full }, repository, writer, body([bytes]), sha256(bytes))

  await expect(ending).rejects.toThrow('full')
  expect(asked).toEqual(['startUpload', 'abortUpload'])
  const again = await takeOver(deps, await getUpload(deps, repository.id, upload.id))
  await finishWithChunk(deps, repository, again, body([bytes]), sha256(bytes))
  expect(await bytesOf(bytes)).toBe(bytes)
})

test('one that comes byte by byte is put whole', async () => {
  const bytes = 'x'.repeat(1000)
  const wide = { ...deps, storage: { ...deps.storage, putsUpTo: 1000 } }

  await uploadWhole(wide, repository, body(bytes.split('')), sha256(bytes))

  expect(asked).toEqual(['put'])
  expect(await bytesOf(bytes)).toBe(bytes)
})
