import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createPutThreads, type PutThreads } from './put-threads.ts'

let base: string
let threads: PutThreads

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'portolan-put-'))
  await mkdir(join(base, '_uploads'))
  threads = createPutThreads()
  otherwise.mockClear()
})

afterEach(async () => {
  await threads.close()
  await rm(base, { recursive: true })
})

const order = (name: string, text: string, temporary = `_uploads/${name}`) => ({
  temporary: join(base, temporary),
  path: join(base, name, 'data'),
  bytes: Buffer.from(text),
})

/** What is done where there is no thread. */
const otherwise = vi.fn(async () => {
  await setImmediate()
  return false
})
const put = (name: string, text: string) => threads.put(order(name, text), otherwise)

/** Two that come at once have one started. */
async function started(): Promise<void> {
  await Promise.all([put('one', ''), put('two', '')])
  await vi.waitFor(async () => expect(await put(`warm-${Math.random()}`, '')).toBe(true), 10_000)
}

test('whoever puts alone needs no thread, and nobody waits for one to start', async () => {
  for (const name of ['first', 'second', 'third']) await put(name, 'x')

  expect(otherwise).toHaveBeenCalledTimes(3)
  expect(await readdir(base)).toEqual(['_uploads'])
})

test('many at once are there whole, each under its name, and leave nothing behind', async () => {
  await started()
  const names = Array.from({ length: 60 }, (_, index) => `object-${index}`)

  const placed = await Promise.all(names.map((name) => put(name, `bytes of ${name}`)))

  expect(new Set(placed)).toEqual(new Set([true]))
  for (const name of names) {
    expect(await readFile(join(base, name, 'data'), 'utf8')).toBe(`bytes of ${name}`)
  }
  expect(await readdir(join(base, '_uploads'))).toEqual([])
})

test('a name that is taken stays what it was', async () => {
  await started()
  await put('taken', 'first')

  expect(await put('taken', 'second')).toBe(false)

  expect(await readFile(join(base, 'taken', 'data'), 'utf8')).toBe('first')
  expect(await readdir(join(base, '_uploads'))).toEqual([])
})

test('what the filesystem refuses is told with its code, and the thread goes on', async () => {
  await started()

  const refused = threads.put(order('refused', 'x', 'missing/x'), otherwise)

  await expect(refused).rejects.toMatchObject({ code: 'ENOENT' })
  expect(await put('next', 'y')).toBe(true)
})

test('a thread that ends over its work leaves nobody waiting', async () => {
  await started()
  const puts = Array.from({ length: 100 }, (_, index) => put(`lost-${index}`, 'x'))
  const outcomes = Promise.allSettled(puts)

  await threads.close()

  for (const outcome of await outcomes) {
    if (outcome.status === 'rejected') expect(String(outcome.reason)).toContain('has ended')
    else expect(outcome.value).toBe(true)
  }
})
