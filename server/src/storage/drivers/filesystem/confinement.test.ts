import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { StorageFailureError } from '../../errors.ts'
import { guardDriver } from '../../guarded-driver.ts'
import { MIB, readAll, someBytes, sourceOf, store } from '../../suite/bytes.ts'
import { openFilesystemDriver } from './filesystem-driver.ts'

let outside: string
let directory: string

beforeEach(async () => {
  outside = await mkdtemp(join(tmpdir(), 'portolan-confined-'))
  directory = join(outside, 'not', 'yet', 'there')
})

afterEach(async () => {
  await rm(outside, { recursive: true })
})

const open = async () => guardDriver(await openFilesystemDriver(directory))

test.each([
  { file: '../../../secret-0123456789abcdef' },
  { file: '/etc/passwd-0123456789abcdef' },
  { file: 'x/../y-0123456789abcdef' },
  { file: '.' },
  { file: '' },
  { file: 'plain' },
  { file: 'name-0123456789abcdef\n' },
  { file: ['u-0123456789abcdef'] },
  { file: 7 },
  {},
])('state %j leads nowhere', async (state) => {
  const driver = await open()
  await writeFile(join(outside, 'secret-0123456789abcdef'), 'secret')

  const attempts = [
    () => driver.append(state, 0, sourceOf([Buffer.from('x')])),
    () => driver.readUpload(state, 1),
    () => driver.forkUpload(state, 'fork', 1),
    () => driver.finishUpload(state, 1, 'stolen'),
    () => driver.abortUpload(state),
  ]

  for (const attempt of attempts) await expect(attempt()).rejects.toThrow(StorageFailureError)
  expect(await readFile(join(outside, 'secret-0123456789abcdef'), 'utf8')).toBe('secret')
  expect(await driver.list('', { limit: 10 })).toEqual([])
})

test('files and directories are for the owner and the group', async () => {
  const driver = await open()

  await driver.put('some/put', Buffer.from('x'))
  await store(driver, 'some/uploaded', Buffer.from('x'))

  const mode = async (path: string) => (await stat(join(directory, path))).mode & 0o777
  const umask = process.umask()
  expect(await mode('some/put')).toBe(0o640 & ~umask)
  expect(await mode('some/uploaded')).toBe(0o640 & ~umask)
  expect(await mode('some')).toBe(0o750 & ~umask)
  expect(await mode('_uploads')).toBe(0o750 & ~umask)
})

test('what lies beside the objects is not listed', async () => {
  const driver = await open()
  await driver.put('a/object', Buffer.from('x'))
  await driver.startUpload('u')
  await mkdir(join(directory, 'lost+found'))
  await writeFile(join(directory, 'lost+found', 'inode'), 'x')
  await symlink(directory, join(directory, 'a', 'circle'))

  expect(await driver.list('', { limit: 10 })).toEqual(['a/object'])
})

test.skipIf(process.platform !== 'linux')('no stream, however it ends, keeps a file open', async () => {
  const driver = await open()
  await store(driver, 'object', someBytes(4 * MIB))
  const { state } = await driver.append(await driver.startUpload('u'), 0, sourceOf([someBytes(MIB)]))

  await readAll(await driver.read('object'))
  await readAll(await driver.readUpload(state, 1000))
  const untouched = await driver.read('object')
  const broken = await driver.read('object', { start: 5, end: 3 * MIB })
  const failed = await driver.readUpload(state, MIB)
  for await (const chunk of broken) if (chunk.length > 0) break
  untouched.destroy()
  failed.on('error', (error) => expect(error.message).toBe('the client went away'))
  failed.destroy(new Error('the client went away'))
  await driver.append(state, MIB, sourceOf([], new Error('gone')))
  for (const range of [{ start: 9, end: 9 * MIB }]) await driver.read('object', range).catch(() => undefined)
  await driver.read('missing').catch(() => undefined)
  await driver.readUpload(state, 9 * MIB).catch(() => undefined)

  await expect.poll(() => openFilesBelow(directory)).toEqual([])
})

async function openFilesBelow(path: string): Promise<string[]> {
  const descriptors = await readdir('/proc/self/fd')
  const targets = await Promise.all(
    descriptors.map((descriptor) => readlink(`/proc/self/fd/${descriptor}`).catch(() => '')),
  )

  return targets.filter((target) => target.startsWith(path))
}
