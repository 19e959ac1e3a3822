import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createForgetfulFileSystem, type ForgetfulFileSystem } from './forgetful-fs.ts'
import { type Survivor, survivorsOf } from './survivors.ts'

let base: string
let forgetful: ForgetfulFileSystem

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'portolan-forgetful-'))
  forgetful = createForgetfulFileSystem(base, { onStep: () => undefined })
})

afterEach(async () => {
  forgetful.close()
  await rm(base, { recursive: true })
})

/** What a power cut leaves of the one file, where everything is lost that may be. */
function left(): string {
  const disk = survivorsOf(forgetful.root, { names: 'kept', contents: 'lost' })
  const [file] = 'entries' in disk ? disk.entries.values() : []
  return bytesOf(file).toString()
}

function bytesOf(survivor: Survivor | undefined): Buffer {
  if (survivor === undefined || !('bytes' in survivor)) throw new Error('there is no such file')
  return survivor.bytes
}

test('a sync keeps what was written before it began', async () => {
  const file = await forgetful.fs.open(join(base, 'file'), 'wx', 0o600)
  await file.writev([Buffer.from('one '), Buffer.from('two')], 0)
  expect(left()).toBe('')

  await file.datasync()
  await file.writev([Buffer.from('six')], 4)

  expect(left()).toBe('one two')
  await file.close()
})

test('a write that comes while a sync runs has to wait for the next', async () => {
  const file = await forgetful.fs.open(join(base, 'file'), 'wx', 0o600)
  await file.writev([Buffer.from('one ')], 0)

  const syncing = file.datasync()
  await Promise.all([syncing, file.writev([Buffer.from('two')], 4)])
  expect(left()).toBe('one ')

  await file.sync()
  expect(left()).toBe('one two')
  await file.close()
})

test('a write that is under way when a sync begins has to wait for the next', async () => {
  const file = await forgetful.fs.open(join(base, 'file'), 'wx', 0o600)
  await file.writev([Buffer.from('one ')], 0)

  const writes = [file.writev([Buffer.from('xx')], 0), file.writev([Buffer.from('two')], 4)]
  await Promise.all([...writes, file.datasync()])

  expect(left()).toBe('one ')
  await file.close()
})

test('a file that was cut off and written on again holds what it held when it was synced', async () => {
  const file = await forgetful.fs.open(join(base, 'file'), 'wx', 0o600)
  await file.writev([Buffer.from('one two')], 0)
  await file.truncate(3)
  await file.datasync()
  expect(left()).toBe('one')

  await file.writev([Buffer.from('six')], 5)
  await file.datasync()

  expect(left()).toBe('one\0\0six')
  await file.close()
})
