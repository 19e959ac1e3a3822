import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../platform/db/testing.ts'
import { shareAnew } from '../quotas/count.ts'
import { QuotaExceededError } from '../quotas/model.ts'
import type { Repository } from '../repositories/model.ts'
import { StorageFailureError } from '../storage/errors.ts'
import {
  DigestMismatchError,
  UploadInterruptedError,
  UploadOffsetError,
  UploadUnknownError,
} from './errors.ts'
import { purgeAbandonedUploads } from './purge.ts'
import { findBlob, mountBlob, readBlob, removeBlob } from './service.ts'
import { append, blobDeps, body, seedRepository, sha256 } from './testing.ts'
import {
  appendChunk,
  cancelUpload,
  finishUpload,
  finishWithChunk,
  getUpload,
  type OwnUpload,
  openUpload,
  startUpload,
  takeOver,
  type UploadsDeps,
  uploadWhole,
} from './uploads.ts'

let database: TestDatabase
let deps: UploadsDeps
let repositoryId: number
let projectId: number
let repository: Repository

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())
beforeEach(async () => {
  deps = await blobDeps(database.db)
  repository = await seedRepository(database.db)
  ;({ id: repositoryId, projectId } = repository)
})

async function setLimit(storage_limit: number): Promise<void> {
  await database.db.updateTable('projects').set({ storage_limit }).where('id', '=', projectId).execute()
  await shareAnew(database.db, projectId)
}

const place = () => ({ projectId, repository: 'app' })

function find(project: number, digest: string) {
  return findBlob(deps, { projectId: project, repository: 'app', digest })
}

async function content(digest: string): Promise<string> {
  const blob = await find(projectId, digest)
  if (!blob) return ''
  const chunks: Buffer[] = []
  for await (const chunk of await readBlob(deps, blob)) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

test('a blob uploaded in chunks is there, whole, once it is finished', async () => {
  let upload = await startUpload(deps, repositoryId, 'sha256')

  upload = await append(deps, upload, body(['hello ']))
  upload = await append(deps, upload, body(['wor', 'ld']))
  const before = await find(projectId, sha256('hello world'))
  await finishUpload(deps, repository, upload, sha256('hello world'))

  expect(before).toBeUndefined()
  expect(await content(sha256('hello world'))).toBe('hello world')
  await expect(getUpload(deps, repositoryId, upload.id)).rejects.toBeInstanceOf(UploadUnknownError)
})

test('an upload begun by one process is continued and finished by another', async () => {
  const other = await blobDeps(database.db, deps)
  const begun = await append(deps, await startUpload(deps, repositoryId, 'sha256'), body(['one ']))

  const found = await getUpload(other, repositoryId, begun.id)
  const continued = await append(other, found, body(['two']))
  await finishUpload(deps, repository, await getUpload(deps, repositoryId, continued.id), sha256('one two'))

  expect(await content(sha256('one two'))).toBe('one two')
})

test('a digest of another algorithm than the session began with is computed from the bytes', async () => {
  const upload = await append(deps, await startUpload(deps, repositoryId, 'sha512'), body(['content']))

  await finishUpload(deps, repository, upload, sha256('content'))

  expect(await content(sha256('content'))).toBe('content')
})

test('a chunk that does not begin where the upload stands is refused and changes nothing', async () => {
  const upload = await append(deps, await startUpload(deps, repositoryId, 'sha256'), body(['abc']))

  await expect(openUpload(deps, place(), upload.id, 5)).rejects.toBeInstanceOf(UploadOffsetError)

  const after = await getUpload(deps, repositoryId, upload.id)
  expect(after).toMatchObject({ offset: 3, offsetDigest: sha256('abc'), writing: false })
})

test('of an upload one opens at a time: the next works in a copy, and the first changes nothing any more', async () => {
  const begun = await append(deps, await startUpload(deps, repositoryId, 'sha256'), body(['abc']))
  const first = (await openUpload(deps, place(), begun.id))?.upload
  const second = (await openUpload(deps, place(), begun.id))?.upload
  if (!first || !second) throw new Error('there is an upload')

  expect(first).toMatchObject({ writing: true, offset: 3, epoch: begun.epoch + 1 })
  expect(second.state).not.toEqual(first.state)
  await expect(appendChunk(deps, first, body(['first']))).rejects.toThrow()
  await finishWithChunk(deps, repository, second, body(['second']), sha256('abcsecond'))
  expect(await content(sha256('abcsecond'))).toBe('abcsecond')
  expect(await openUpload(deps, place(), begun.id)).toBeUndefined()
})

test('an upload is opened only under the name of its repository', async () => {
  const { id } = await startUpload(deps, repositoryId, 'sha256')
  expect(await openUpload(deps, { projectId, repository: 'other' }, id)).toBeUndefined()
  expect(await openUpload(deps, { projectId: projectId + 1, repository: 'app' }, id)).toBeUndefined()
  expect((await openUpload(deps, place(), id, 0))?.repository).toEqual(repository)
})

test('one that is finished with its last bytes, and cannot be, keeps what is good', async () => {
  const open = async (id: string) => {
    const found = await openUpload(deps, place(), id)
    if (!found) throw new Error('there is an upload')
    return found.upload
  }
  const broken = await startUpload(deps, repositoryId, 'sha256')
  const cut = finishWithChunk(
    deps,
    repository,
    await open(broken.id),
    body(['half'], new Error('aborted')),
    sha256('half of it'),
  )
  await expect(cut).rejects.toBeInstanceOf(UploadInterruptedError)
  expect(await getUpload(deps, repositoryId, broken.id)).toMatchObject({ offset: 4, writing: false })
  await finishWithChunk(deps, repository, await open(broken.id), body([' of it']), sha256('half of it'))
  expect(await content(sha256('half of it'))).toBe('half of it')

  const full = await startUpload(deps, repositoryId, 'sha256')
  await setLimit(12)
  const refused = finishWithChunk(
    deps,
    repository,
    await open(full.id),
    body(['too much']),
    sha256('too much'),
  )
  await expect(refused).rejects.toBeInstanceOf(QuotaExceededError)
  await setLimit(1000)
  await finishUpload(deps, repository, await getUpload(deps, repositoryId, full.id), sha256('too much'))
  expect(await content(sha256('too much'))).toBe('too much')

  const wrong = await startUpload(deps, repositoryId, 'sha256')
  const mismatch = finishWithChunk(deps, repository, await open(wrong.id), body(['x']), sha256('y'))
  await expect(mismatch).rejects.toBeInstanceOf(DigestMismatchError)
  await expect(getUpload(deps, repositoryId, wrong.id)).rejects.toBeInstanceOf(UploadUnknownError)
})

test('bytes that were not committed are sent again: a writer that died while it finished is forgotten', async () => {
  const begun = await startUpload(deps, repositoryId, 'sha256')
  const dying = {
    ...deps,
    db: Object.create(deps.db, {
      transaction: {
        value: () => {
          throw new Error('died')
        },
      },
    }) as UploadsDeps['db'],
  }
  const opened = await openUpload(deps, place(), begun.id)
  if (!opened) throw new Error('there is an upload')
  await expect(
    finishWithChunk(dying, repository, opened.upload, body(['all']), sha256('all')),
  ).rejects.toThrow('died')

  const again = await openUpload(deps, place(), begun.id)
  if (!again) throw new Error('there is an upload still')
  await finishWithChunk(deps, repository, again.upload, body(['all']), sha256('all'))
  expect(await content(sha256('all'))).toBe('all')
})

test('what arrived before a client broke off is kept and can be continued', async () => {
  const upload = await startUpload(deps, repositoryId, 'sha256')

  const broken = append(deps, upload, body(['kept ', 'too '], new Error('aborted')))
  await expect(broken).rejects.toBeInstanceOf(UploadInterruptedError)
  const found = await getUpload(deps, repositoryId, upload.id)
  const continued = await append(deps, found, body(['end']))
  await finishUpload(deps, repository, continued, sha256('kept too end'))

  expect(found.offset).toBe(9)
  expect(await content(sha256('kept too end'))).toBe('kept too end')
})

test('a writer that was overtaken can change nothing any more', async () => {
  const upload = await append(deps, await startUpload(deps, repositoryId, 'sha256'), body(['base ']))
  const other = await blobDeps(database.db, deps)
  const gate = Promise.withResolvers<void>()
  async function* stalled(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('stale')
    await gate.promise
    yield Buffer.from(' stale')
  }

  const slow = append(deps, upload, stalled())
  await expect.poll(async () => (await getUpload(other, repositoryId, upload.id)).writing).toBe(true)
  const taken = await append(other, await getUpload(other, repositoryId, upload.id), body(['fresh']))
  gate.resolve()

  await expect(slow).rejects.toThrow(/upload/)
  await finishUpload(other, repository, taken, sha256('base fresh'))
  expect(await content(sha256('base fresh'))).toBe('base fresh')
})

test.each([
  {
    what: 'appends',
    write: (first: OwnUpload) => appendChunk(deps, first, body(['lost'])),
    error: UploadOffsetError,
  },
  {
    what: 'ends it',
    write: (first: OwnUpload) => finishWithChunk(deps, repository, first, body(['lost']), sha256('lost')),
    error: UploadUnknownError,
  },
])('of a first writer that is overtaken and $what, no bytes stay that nobody knows of', async (one) => {
  const text = `kept where one ${one.what}`
  const begun = await startUpload(deps, repositoryId, 'sha256')
  const first = await takeOver(deps, begun)
  const second = await takeOver(deps, await getUpload(deps, repositoryId, begun.id))

  await expect(one.write(first)).rejects.toThrow(one.error)
  const kept = await appendChunk(deps, second, body([text]))

  expect(await deps.storage.staleUploads(new Date(Date.now() + 60_000), 10)).toEqual([kept.state])
  await finishUpload(deps, repository, kept, sha256(text))
  expect(await content(sha256(text))).toBe(text)
})

test('a session whose writer has not reported its end is finished with what is committed, and stays so', async () => {
  const upload = await append(deps, await startUpload(deps, repositoryId, 'sha256'), body(['whole']))
  const gate = Promise.withResolvers<void>()
  async function* stalled(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(' and more')
    await gate.promise
  }

  const slow = append(deps, upload, stalled())
  await expect.poll(async () => (await getUpload(deps, repositoryId, upload.id)).writing).toBe(true)
  await finishUpload(deps, repository, await getUpload(deps, repositoryId, upload.id), sha256('whole'))
  gate.resolve()

  await expect(slow).rejects.toThrow(/upload/)
  expect(await content(sha256('whole'))).toBe('whole')
})

test('a wrong digest stores nothing and ends the upload', async () => {
  const upload = await append(deps, await startUpload(deps, repositoryId, 'sha256'), body(['abc']))

  await expect(finishUpload(deps, repository, upload, sha256('other'))).rejects.toBeInstanceOf(
    DigestMismatchError,
  )

  expect(await deps.storage.list('docker', { limit: 10 })).toEqual([])
  await expect(getUpload(deps, repositoryId, upload.id)).rejects.toBeInstanceOf(UploadUnknownError)
})

test('many uploads of one digest at once leave one object and all succeed', async () => {
  await Promise.all(
    Array.from({ length: 12 }, () => uploadWhole(deps, repository, body(['same']), sha256('same'))),
  )

  expect(await deps.storage.list('docker', { limit: 10 })).toHaveLength(1)
  expect(await content(sha256('same'))).toBe('same')
})

test('a key that a crash left taken is not used again: the next generation is', async () => {
  const digest = sha256('after a crash')
  const left = `docker/registry/v2/blobs/sha256/${digest.slice(7, 9)}/${digest.slice(7)}/data`
  await deps.storage.put(left, Buffer.from('left behind'))

  await uploadWhole(deps, repository, body(['after a crash']), digest)

  expect(await content(digest)).toBe('after a crash')
  expect((await find(projectId, digest))?.key).toBe(`${left}.2`)
})

test('an upload of a digest whose object is being deleted gets an object of its own', async () => {
  const digest = sha256('collected')
  await uploadWhole(deps, repository, body(['collected']), digest)
  const first = await find(projectId, digest)
  await database.db
    .updateTable('blob_objects')
    .set({ state: 'deleted' })
    .where('key', '=', first?.key ?? '')
    .execute()

  await uploadWhole(deps, repository, body(['collected']), digest)
  await deps.storage.delete(first?.key ?? '')

  expect(await content(digest)).toBe('collected')
})

test('a whole upload that breaks off leaves nothing behind', async () => {
  const broken = uploadWhole(deps, repository, body(['half'], new Error('aborted')), sha256('half and half'))

  await expect(broken).rejects.toBeInstanceOf(UploadInterruptedError)
  expect(await deps.storage.list('docker', { limit: 10 })).toEqual([])
})

test('a whole upload of which the store has kept less than came is not taken, though its digest is right', async () => {
  const { storage } = deps
  const short = {
    ...storage,
    append: async (...args: Parameters<typeof storage.append>) => {
      const appended = await storage.append(...args)
      return { ...appended, written: appended.written - 1 }
    },
  }

  const pushed = uploadWhole(
    { ...deps, storage: short },
    repository,
    body(['all of it']),
    sha256('all of it'),
  )

  await expect(pushed).rejects.toBeInstanceOf(StorageFailureError)
  expect(await find(projectId, sha256('all of it'))).toBeUndefined()
  expect(await deps.storage.staleUploads(new Date(Date.now() + 60_000), 10)).toEqual([])
})

test('a cancelled upload is gone, and cancelling again says so', async () => {
  const upload = await append(deps, await startUpload(deps, repositoryId, 'sha256'), body(['abc']))

  await cancelUpload(deps, upload)

  await expect(getUpload(deps, repositoryId, upload.id)).rejects.toBeInstanceOf(UploadUnknownError)
  await expect(cancelUpload(deps, upload)).rejects.toBeInstanceOf(UploadUnknownError)
})

test('who cancels an upload while its first bytes are being noted leaves none of them', async () => {
  const { id } = await startUpload(deps, repositoryId, 'sha256')
  const opened = await openUpload(deps, place(), id)
  const seen = await getUpload(deps, repositoryId, id)
  await appendChunk(deps, opened?.upload as OwnUpload, body(['first bytes']))

  await cancelUpload(deps, seen)

  await expect(getUpload(deps, repositoryId, id)).rejects.toBeInstanceOf(UploadUnknownError)
  expect(await deps.storage.staleUploads(new Date(Date.now() + 60_000), 10)).toEqual([])
})

test('only uploads that nobody has touched for long are purged', async () => {
  const old = await startUpload(deps, repositoryId, 'sha256')
  const young = await startUpload(deps, repositoryId, 'sha256')
  const longAgo = new Date(Date.now() - 100 * 3_600_000)
  await database.db.updateTable('uploads').set({ update_time: longAgo }).where('id', '=', old.id).execute()

  const purged = await purgeAbandonedUploads(deps, 24)

  expect(purged).toBe(1)
  await expect(getUpload(deps, repositoryId, old.id)).rejects.toBeInstanceOf(UploadUnknownError)
  expect((await getUpload(deps, repositoryId, young.id)).id).toBe(young.id)
})

test('bytes that no session holds are purged once they are old, those of sessions are not', async () => {
  await purgeAbandonedUploads(deps, 0)
  const held = await append(deps, await startUpload(deps, repositoryId, 'sha256'), body(['held']))
  await deps.storage.startUpload('left-by-a-crash')
  await new Promise((resolve) => setTimeout(resolve, 5))

  const young = await purgeAbandonedUploads(deps, 1)
  const hour = new Date(Date.now() + 3_600_000)
  await database.db.updateTable('uploads').set({ update_time: hour }).where('id', '=', held.id).execute()
  const old = await purgeAbandonedUploads(deps, 0)

  expect([young, old]).toEqual([0, 1])
  expect((await append(deps, held, body([' on']))).offset).toBe(7)
})

test('an upload cannot be reached through another repository', async () => {
  const upload = await startUpload(deps, repositoryId, 'sha256')
  const elsewhere = await seedRepository(database.db)

  await expect(getUpload(deps, elsewhere.id, upload.id)).rejects.toBeInstanceOf(UploadUnknownError)
})

test('a mounted blob is offered by its new repository, and survives its removal from the first', async () => {
  const target = await seedRepository(database.db)
  await uploadWhole(deps, repository, body(['shared']), sha256('shared'))

  const mounted = await mountBlob(deps, target, sha256('shared'), repositoryId)
  const removed = await removeBlob(deps, repository, sha256('shared'))

  expect(mounted?.size).toBe(6)
  expect(removed).toBe(true)
  expect(await find(projectId, sha256('shared'))).toBeUndefined()
  expect(await find(target.projectId, sha256('shared'))).toBeDefined()
})

test('what the source does not offer cannot be mounted', async () => {
  const target = await seedRepository(database.db)

  expect(await mountBlob(deps, target, sha256('nothing'), repositoryId)).toBeUndefined()
})

test('offering a blob renews its grace once half of it has passed', async () => {
  await uploadWhole(deps, repository, body(['grace']), sha256('grace'))
  const longAgo = new Date(Date.now() - 20 * 3_600_000)
  await database.db
    .updateTable('blobs')
    .set({ offer_time: longAgo })
    .where('digest', '=', sha256('grace'))
    .execute()

  await find(projectId, sha256('grace'))

  const renewed = await find(projectId, sha256('grace'))
  expect(renewed?.offerTime.getTime()).toBeGreaterThan(longAgo.getTime())
})

test('whoever saw a writer at work cannot undo what that writer has finished since', async () => {
  const begun = await startUpload(deps, repositoryId, 'sha256')
  const { promise: opened, resolve: open } = Promise.withResolvers<void>()
  async function* gated(): AsyncGenerator<Uint8Array> {
    await opened
    yield Buffer.from('acknowledged')
  }
  const first = append(deps, begun, gated())
  const seen = await vi.waitUntil(async () => {
    const upload = await getUpload(deps, repositoryId, begun.id)
    return upload.writing && upload
  })
  open()
  await first

  await expect(append(deps, seen, body(['other']))).rejects.toBeInstanceOf(UploadOffsetError)

  const after = await getUpload(deps, repositoryId, begun.id)
  await finishUpload(deps, repository, after, sha256('acknowledged'))
  expect(await content(sha256('acknowledged'))).toBe('acknowledged')
})
