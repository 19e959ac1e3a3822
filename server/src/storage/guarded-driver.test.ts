import { expect, test } from 'vitest'
import type { StorageDriver } from './driver.ts'
import { openMemoryDriver } from './drivers/memory/memory-driver.ts'
import {
  InvalidKeyError,
  InvalidRangeError,
  ObjectExistsError,
  ObjectMissingError,
  StorageFailureError,
  StorageFullError,
} from './errors.ts'
import { guardDriver, type Observe } from './guarded-driver.ts'
import { blobKey } from './paths.ts'
import { someBytes, sourceOf } from './suite/bytes.ts'

const open = async () => guardDriver(await openMemoryDriver())

/** A driver all of whose calls fail with `error`. */
async function failing(error: unknown): Promise<StorageDriver> {
  const driver = await openMemoryDriver()
  return guardDriver({
    ...driver,
    stat: () => Promise.reject(error),
    append: () => Promise.reject(error),
  })
}

test.each([
  '',
  '/',
  '/a',
  'a/',
  'a//b',
  '.',
  '..',
  'a/../b',
  '../a',
  'a/./b',
  'a b',
  'a\\b',
  'a\0b',
  'a\nb',
  'ä',
  'a:b',
  'a%2fb',
  '_uploads',
  '_uploads/x',
  'lost+found/x',
  'x'.repeat(256),
  Array.from({ length: 600 }, () => 'x').join('/'),
])('key %j is refused by every operation', async (key) => {
  const driver = await open()
  const state = await driver.startUpload('u')

  await expect(driver.stat(key)).rejects.toThrow(InvalidKeyError)
  await expect(driver.read(key)).rejects.toThrow(InvalidKeyError)
  await expect(driver.put(key, Buffer.alloc(0))).rejects.toThrow(InvalidKeyError)
  await expect(driver.delete(key)).rejects.toThrow(InvalidKeyError)
  await expect(driver.finishUpload(state, 0, key)).rejects.toThrow(InvalidKeyError)
  if (key !== '') await expect(driver.list(key, { limit: 1 })).rejects.toThrow(InvalidKeyError)
})

test.each([
  blobKey(`sha256:${'0a'.repeat(32)}`, 1),
  blobKey(`sha512:${'0a'.repeat(64)}`, 12),
  'docker/registry/v2/repositories/library/a.b_c--d/_manifests/tags/V1.0_x-y/current/link',
  'a/.hidden/..c/d..',
])('key %s is accepted', async (key) => {
  const driver = await open()

  await driver.put(key, Buffer.from('x'))

  expect(await driver.stat(key)).toEqual({ size: 1 })
})

test.each(['', 'a/b', '../a', 'a.b', 'x'.repeat(129)])('upload id %j is refused', async (id) => {
  const driver = await open()
  const state = await driver.startUpload('u')

  await expect(driver.startUpload(id)).rejects.toThrow(InvalidKeyError)
  await expect(driver.forkUpload(state, id, 0)).rejects.toThrow(InvalidKeyError)
})

test.each([
  { start: -1, end: 2 },
  { start: 2, end: 1 },
  { start: 0.5, end: 2 },
  { start: 0, end: Number.POSITIVE_INFINITY },
  { start: Number.NaN, end: 1 },
])('range %j is refused', async (range) => {
  const driver = await open()
  await driver.put('key', Buffer.from('abc'))

  await expect(driver.read('key', range)).rejects.toThrow(InvalidRangeError)
})

test('numbers that are no counts are refused', async () => {
  const driver = await open()
  const state = await driver.startUpload('u')

  for (const number of [-1, 0.5, Number.NaN, 2 ** 60]) {
    await expect(driver.append(state, number, sourceOf([]))).rejects.toThrow(TypeError)
    await expect(driver.readUpload(state, number)).rejects.toThrow(TypeError)
    await expect(driver.forkUpload(state, 'f', number)).rejects.toThrow(TypeError)
    await expect(driver.finishUpload(state, number, 'key')).rejects.toThrow(TypeError)
    await expect(driver.list('', { limit: number })).rejects.toThrow(TypeError)
  }
  await expect(driver.list('', { limit: 0 })).rejects.toThrow(TypeError)
})

test('an error of no name is called a failure of the store, with operation and key', async () => {
  const cause = new Error('EIO: i/o error')
  const driver = await failing(cause)

  const error = await driver.stat('some/key').catch((reason: unknown) => reason)

  expect(error).toBeInstanceOf(StorageFailureError)
  expect(error).toMatchObject({ message: 'storage cannot stat some/key', cause })
})

test.each([
  new ObjectMissingError('key'),
  new ObjectExistsError('key'),
  new InvalidRangeError('key', { start: 0, end: 1 }),
  new StorageFullError(),
  new StorageFailureError('stat', 'key', undefined),
])('%s passes as it is', async (error) => {
  const driver = await failing(error)

  await expect(driver.stat('key')).rejects.toBe(error)
})

test('every call is observed: what, how long, how many bytes, and whether the store failed', async () => {
  const observed: Parameters<Observe>[] = []
  let clock = 1000
  const now = () => {
    clock += 250
    return clock
  }
  const driver = guardDriver(await openMemoryDriver(), { now, observe: (...args) => observed.push(args) })

  await driver.put('key', someBytes(10))
  await driver.put('key', someBytes(10)).catch(() => undefined)
  await driver.append(await driver.startUpload('u'), 0, sourceOf([someBytes(7), someBytes(5)]))
  await driver.append({ name: 5 }, 0, sourceOf([])).catch(() => undefined)

  expect(observed).toEqual([
    ['put', 0.25, 10, false],
    ['put', 0.25, 0, false],
    ['startUpload', 0.25, 0, false],
    ['append', 0.25, 12, false],
    ['append', 0.25, 0, true],
  ])
})
