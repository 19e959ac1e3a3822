import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { InvalidKeyError, StorageFailureError } from './errors.ts'
import { openStorage, type StorageOptions } from './open.ts'
import { readObject } from './suite/bytes.ts'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'portolan-open-'))
})

afterEach(async () => {
  await rm(directory, { recursive: true })
})

const kinds: ((directory: string) => StorageOptions)[] = [
  () => ({ driver: 'memory' }),
  (path) => ({ driver: 'filesystem', directory: join(path, 'storage') }),
]

test.each(kinds)('every driver of the table opens, guarded', async (options) => {
  const chosen = options(directory)

  const driver = await openStorage(chosen)
  await driver.put('key', Buffer.from('bytes'))

  expect(driver.kind).toBe(chosen.driver)
  expect((await readObject(driver, 'key')).toString()).toBe('bytes')
  await expect(driver.stat('../key')).rejects.toThrow(InvalidKeyError)
  await driver.close()
})

test('what was stored is there when the storage is opened again', async () => {
  const first = await openStorage({ driver: 'filesystem', directory })
  await first.put('key', Buffer.from('bytes'))
  await first.close()

  const second = await openStorage({ driver: 'filesystem', directory })

  expect((await readObject(second, 'key')).toString()).toBe('bytes')
})

test('a path that is no directory stops the opening with its name', async () => {
  const file = join(directory, 'file')
  await writeFile(file, '')

  const opening = openStorage({ driver: 'filesystem', directory: file })

  await expect(opening).rejects.toThrow(StorageFailureError)
  await expect(opening).rejects.toThrow(file)
})
