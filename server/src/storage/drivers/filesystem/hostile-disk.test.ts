import { mkdtemp, readdir, rm, stat, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { UploadState } from '../../driver.ts'
import { ObjectMissingError, StorageFailureError, StorageFullError } from '../../errors.ts'
import { guardDriver } from '../../guarded-driver.ts'
import { cut, MIB, readAll, readObject, someBytes, sourceOf, store } from '../../suite/bytes.ts'
import { openFilesystemDriver } from './filesystem-driver.ts'
import { type FileSystem, nodeFileSystem, type OpenFile } from './fs.ts'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'portolan-hostile-'))
})

afterEach(async () => {
  await rm(directory, { recursive: true })
})

const open = async (fs?: FileSystem) => guardDriver(await openFilesystemDriver(directory, fs))

function refusal(code: string): Error {
  return Object.assign(new Error(`${code}: refused`), { code })
}

/** A filesystem whose open files write by way of `write`, and sync by way of `datasync`. */
function writing(
  write: (file: OpenFile, buffers: Uint8Array[], position: number) => Promise<number>,
  datasync: (file: OpenFile) => Promise<unknown> = (file) => file.datasync(),
): FileSystem {
  return {
    ...nodeFileSystem,
    async open(path, flags, mode) {
      const file = await nodeFileSystem.open(path, flags, mode)
      return {
        stat: () => file.stat(),
        read: (...args) => file.read(...args),
        truncate: (length) => file.truncate(length),
        datasync: async () => {
          await datasync(file)
        },
        sync: () => file.sync(),
        close: () => file.close(),
        writev: async (buffers, position) => ({ bytesWritten: await write(file, buffers, position) }),
      }
    },
  }
}

test.each(['ENOSPC', 'EDQUOT'])('%s is a full storage, and what was acknowledged stays', async (code) => {
  let full = false
  const driver = await open(
    writing(async (file, buffers, position) => {
      if (full) throw refusal(code)
      return (await file.writev(buffers, position)).bytesWritten
    }),
  )
  const begun = await driver.startUpload('u')
  const { state } = await driver.append(begun, 0, sourceOf([Buffer.from('kept ')]))

  full = true
  const appending = driver.append(state, 5, sourceOf(cut(someBytes(5 * MIB), 65_536)))
  await expect(appending).rejects.toThrow(StorageFullError)
  await expect(driver.put('small', Buffer.from('x'))).rejects.toThrow(StorageFullError)
  full = false

  await driver.append(state, 5, sourceOf([Buffer.from('whole')]))
  await driver.finishUpload(state, 10, 'object')
  await driver.forgetUpload(state)
  expect((await readObject(driver, 'object')).toString()).toBe('kept whole')
  expect(await driver.stat('small')).toBeUndefined()
  expect(await readdir(join(directory, '_uploads'))).toEqual([])
})

test('an upload whose bytes were lost by a sync on the way fails, though the last one succeeds', async () => {
  let syncs = 0
  const driver = await open(
    writing(
      async (file, buffers, position) => (await file.writev(buffers, position)).bytesWritten,
      async (file) => {
        syncs += 1
        if (syncs === 1) throw refusal('EIO')
        await file.datasync()
      },
    ),
  )

  const appending = driver.append(
    await driver.startUpload('u'),
    0,
    sourceOf(cut(someBytes(20 * MIB), 65_536)),
  )

  await expect(appending).rejects.toThrow(StorageFailureError)
})

describe.each([
  { code: 'EIO', error: StorageFailureError },
  { code: 'ENOSPC', error: StorageFullError },
])('$code at any step of a large upload', ({ code, error }) => {
  // As 20 MiB in chunks of 64 KiB are written, in little: forty batches, and synced twice on the way.
  const writes = { batch: 2048, sync: 32 * 1024 }
  const acknowledged = someBytes(1000, 1)
  const bytes = someBytes(80 * 1024, 2)

  test.each([
    { stays: false, how: 'once' },
    { stays: true, how: 'from then on' },
  ])('$how fails it, and it can be sent again', async ({ stays }) => {
    const counted = { step: 0, running: 0, failing: Number.POSITIVE_INFINITY }
    async function counting<T>(operation: () => Promise<T>): Promise<T> {
      counted.step += 1
      if (stays ? counted.step >= counted.failing : counted.step === counted.failing) throw refusal(code)
      counted.running += 1
      try {
        return await operation()
      } finally {
        counted.running -= 1
      }
    }
    const fs = writing(
      (file, buffers, position) => counting(async () => (await file.writev(buffers, position)).bytesWritten),
      (file) => counting(() => file.stat()),
    )
    const driver = guardDriver(await openFilesystemDriver(directory, fs, writes))
    const send = (state: UploadState) => driver.append(state, acknowledged.length, sourceOf(cut(bytes, 256)))

    for (let failing = 1; ; failing += 1) {
      counted.failing = Number.POSITIVE_INFINITY
      const begun = await driver.startUpload('u')
      const { state } = await driver.append(begun, 0, sourceOf([acknowledged]))
      Object.assign(counted, { step: 0, failing })
      const outcome = await send(state).catch((reason: unknown) => reason)
      if (counted.step < failing) {
        // Forty writes, twice on the way and at the end.
        expect(failing).toBe(44)
        break
      }
      expect(outcome, `step ${failing}`).toBeInstanceOf(error)
      expect(counted.running, `step ${failing}`).toBe(0)

      counted.failing = Number.POSITIVE_INFINITY
      await driver.finishUpload((await send(state)).state, acknowledged.length + bytes.length, `${failing}`)
      expect((await readObject(driver, `${failing}`)).equals(Buffer.concat([acknowledged, bytes]))).toBe(true)
    }
  })
})

test('nothing is written any more when an append has failed', async () => {
  let begun = 0
  let ended = 0
  const driver = await open(
    writing(async (file, buffers, position) => {
      begun += 1
      const turn = begun
      if (turn === 1) throw refusal('EIO')
      await new Promise((resolve) => setTimeout(resolve, 20))
      ended += 1
      return (await file.writev(buffers, position)).bytesWritten
    }),
  )

  const appending = driver.append(await driver.startUpload('u'), 0, sourceOf(cut(someBytes(8 * MIB), 65_536)))

  await expect(appending).rejects.toThrow(StorageFailureError)
  expect(ended).toBe(begun - 1)
})

test('a disk that takes a few bytes at a time gets all of them in the end', async () => {
  const bytes = someBytes(100_001)
  const driver = await open(
    writing(async (file, [first = Buffer.alloc(0)], position) => {
      return (await file.writev([first.subarray(0, 777)], position)).bytesWritten
    }),
  )

  const { state } = await driver.append(await driver.startUpload('u'), 0, sourceOf(cut(bytes, 5000)))
  await driver.finishUpload(state, bytes.length, 'object')

  expect((await readObject(driver, 'object')).equals(bytes)).toBe(true)
})

test('a filesystem without hard links is refused when it is opened, and said to be', async () => {
  const fs: FileSystem = { ...nodeFileSystem, link: () => Promise.reject(refusal('EPERM')) }

  const error = await open(fs).catch((reason: unknown) => reason)

  expect(error).toBeInstanceOf(StorageFailureError)
  expect(String((error as StorageFailureError).cause)).toContain('has no hard links')
  expect(await readdir(join(directory, '_uploads'))).toEqual([])
})

test('a full disk can still be opened and read', async () => {
  await (await open()).put('object', Buffer.from('bytes'))
  const full: FileSystem = {
    ...nodeFileSystem,
    open: (path, flags, mode) =>
      flags === 'wx' ? Promise.reject(refusal('ENOSPC')) : nodeFileSystem.open(path, flags, mode),
  }

  const driver = await open(full)

  expect((await readObject(driver, 'object')).toString()).toBe('bytes')
  await expect(driver.startUpload('u')).rejects.toThrow(StorageFullError)
})

test('a file that has lost its end is a failure to the reader, not a shorter object', async () => {
  const driver = await open()
  await store(driver, 'object', someBytes(4 * MIB))

  const stream = await driver.read('object')
  await truncate(join(directory, 'object'), 3 * MIB)

  await expect(readAll(stream)).rejects.toThrow(StorageFailureError)
})

test('an upload whose name stayed behind cannot change the object it became', async () => {
  const driver = await open()
  const { state } = await driver.append(await driver.startUpload('u'), 0, sourceOf([Buffer.from('object')]))

  await driver.finishUpload(state, 6, 'done')

  await expect(driver.append(state, 0, sourceOf([Buffer.from('x')]))).rejects.toThrow(ObjectMissingError)
  await expect(driver.finishUpload(state, 3, 'shorter')).rejects.toThrow(StorageFailureError)
  expect((await readObject(driver, 'done')).toString()).toBe('object')
})

test('directories that were tidied away from outside are made again', async () => {
  const driver = await open()
  await driver.put('a/b/one', Buffer.from('1'))
  await rm(join(directory, 'a'), { recursive: true })

  await driver.put('a/b/two', Buffer.from('2'))
  await rm(join(directory, 'a/b'), { recursive: true })
  await store(driver, 'a/b/three', Buffer.from('3'))

  expect(await driver.list('', { limit: 10 })).toEqual(['a/b/three'])
})

test('a directory that is tidied away between its making and the entry in it is made again', async () => {
  let rounds = 3
  const tidying = await open()
  const driver = await open({
    ...nodeFileSystem,
    async link(from, to) {
      if (to.includes('/blobs/') && rounds > 0) {
        rounds -= 1
        expect(await tidying.tidy?.('blobs/ab', new Date(Date.now() + 60_000))).toBe(1)
      }
      await nodeFileSystem.link(from, to)
    },
  })

  await driver.put('blobs/ab/one/data', Buffer.from('1'))
  rounds = 3
  await store(driver, 'blobs/ab/two/data', Buffer.from('2'))

  expect(rounds).toBe(0)
  expect(await driver.list('', { limit: 10 })).toEqual(['blobs/ab/one/data', 'blobs/ab/two/data'])
})

test('what was changed a moment ago, what holds something and what is a file is not tidied away', async () => {
  const driver = await open()
  await driver.put('blobs/ab/full/data', Buffer.from('1'))
  await driver.put('blobs/ab/file', Buffer.from('2'))
  await driver.put('blobs/ab/empty/data', Buffer.from('3'))
  await driver.delete('blobs/ab/empty/data')

  const young = await driver.tidy?.('blobs/ab', new Date(Date.now() - 60_000))
  const old = await driver.tidy?.('blobs/ab', new Date(Date.now() + 60_000))

  expect([young, old]).toEqual([0, 1])
  expect(await driver.tidy?.('nowhere', new Date())).toBe(0)
  expect(await readdir(join(directory, 'blobs/ab'))).toEqual(['file', 'full'])
})

test('an I/O error names the operation and the key, and keeps the reason inside', async () => {
  const driver = await open({ ...nodeFileSystem, stat: () => Promise.reject(refusal('EIO')) })

  const error = await driver.stat('some/key').catch((reason: unknown) => reason)

  expect(error).toBeInstanceOf(StorageFailureError)
  expect(error).toMatchObject({ message: 'storage cannot stat some/key', cause: { code: 'EIO' } })
})

test('a deletion that cannot be made durable fails, and succeeds when it is repeated', async () => {
  let broken = true
  const fs: FileSystem = {
    ...nodeFileSystem,
    async open(path, flags, mode) {
      const file = await nodeFileSystem.open(path, flags, mode)
      if (!broken || !path.endsWith('/doomed')) return file
      return Object.assign(Object.create(file), {
        sync: () => Promise.reject(refusal('EIO')),
        close: () => file.close(),
      })
    },
  }
  const driver = await open(fs)
  broken = false
  await driver.put('doomed/data', Buffer.from('secret'))
  broken = true

  await expect(driver.delete('doomed/data', { durable: true })).rejects.toThrow(StorageFailureError)
  broken = false
  await driver.delete('doomed/data', { durable: true })

  expect(await driver.list('', { limit: 10 })).toEqual([])
})

test('the medium has a size', async () => {
  const driver = await open()

  const capacity = await driver.capacity()

  expect(capacity?.total).toBeGreaterThan(0)
  expect(capacity?.free).toBeLessThanOrEqual(capacity?.total ?? 0)
  expect((await stat(directory)).isDirectory()).toBe(true)
})
