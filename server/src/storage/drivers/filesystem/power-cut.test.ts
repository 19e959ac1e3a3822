import { afterEach, describe, expect, test, vi } from 'vitest'
import type { StorageDriver, UploadState } from '../../driver.ts'
import { ObjectExistsError } from '../../errors.ts'
import { cut, someBytes, sourceOf } from '../../suite/bytes.ts'
import type { FileSystem } from './fs.ts'
import { type LabOptions, openPowerCutLab, type PowerCutLab } from './power-cut/power-cut-lab.ts'

const labs: PowerCutLab[] = []

async function openLab(options?: LabOptions): Promise<PowerCutLab> {
  const lab = await openPowerCutLab(options)
  labs.push(lab)
  return lab
}

afterEach(async () => {
  for (const lab of labs.splice(0)) await lab.close()
})

async function put(lab: PowerCutLab, driver: StorageDriver, key: string, bytes: Buffer): Promise<void> {
  expectPossible(lab, key, bytes)
  await driver.put(key, bytes)
  acknowledge(lab, key, bytes)
}

async function upload(lab: PowerCutLab, driver: StorageDriver, ...parts: Buffer[]): Promise<UploadState> {
  const state = await driver.startUpload('upload')
  const promised = { state, bytes: Buffer.alloc(0) as Buffer }
  lab.ledger.uploads.push(promised)
  lab.cut()

  for (const part of parts) {
    await driver.append(state, promised.bytes.length, sourceOf([part]))
    promised.bytes = Buffer.concat([promised.bytes, part])
    lab.cut()
  }

  return state
}

/** As 20 MiB in chunks of 64 KiB are written, in little: forty batches, and synced twice on the way. */
const LITTLE = { batch: 2048, sync: 32 * 1024 }

async function uploadInChunks(lab: PowerCutLab): Promise<void> {
  const driver = await lab.open()
  const parts = [someBytes(80 * 1024, 1), someBytes(8 * 1024, 2)]
  const state = await driver.startUpload('upload')
  const promised = { state, bytes: Buffer.alloc(0) as Buffer }
  lab.ledger.uploads.push(promised)
  for (const part of parts) {
    await driver.append(state, promised.bytes.length, sourceOf(cut(part, 256)))
    promised.bytes = Buffer.concat([promised.bytes, part])
    lab.cut()
  }
  release(lab, state)
  expectPossible(lab, 'large/data', promised.bytes)
  await driver.finishUpload(state, promised.bytes.length, 'large/data')
  acknowledge(lab, 'large/data', promised.bytes)
}

/** Nothing more is promised of an upload that is being finished or aborted. */
function release(lab: PowerCutLab, state: UploadState): void {
  lab.ledger.uploads = lab.ledger.uploads.filter((each) => each.state !== state)
}

function expectPossible(lab: PowerCutLab, key: string, bytes: Buffer): void {
  lab.ledger.possible.set(key, [...(lab.ledger.possible.get(key) ?? []), bytes])
}

function acknowledge(lab: PowerCutLab, key: string, bytes: Buffer): void {
  lab.ledger.stored.set(key, bytes)
  lab.cut()
}

describe('a power cut after any operation', { timeout: 60_000 }, () => {
  test('loses no object that was put, and shows none by halves', async () => {
    const lab = await openLab()
    const driver = await lab.open()

    await put(lab, driver, 'one/two/three', someBytes(3000))
    await put(lab, driver, 'one/two/four', someBytes(10))
    await put(lab, driver, 'one/five', Buffer.alloc(0))
    await expect(driver.put('one/five', Buffer.from('again'))).rejects.toThrow()

    const { broken, cuts } = await lab.verify()
    expect(broken).toEqual([])
    expect(cuts).toBeGreaterThan(20)
  })

  test('loses no acknowledged byte of an upload, nor the object it becomes', async () => {
    const lab = await openLab()
    const driver = await lab.open()
    const parts = [someBytes(5000, 1), someBytes(2000, 2)]

    const state = await upload(lab, driver, ...parts)
    const appended = await driver.append(state, 7000, sourceOf([someBytes(100, 3)], new Error('gone')))
    const bytes = Buffer.concat([...parts, someBytes(100, 3)])
    for (const each of lab.ledger.uploads) each.bytes = bytes
    lab.cut()
    release(lab, state)
    expectPossible(lab, 'blobs/ab/data', bytes)
    await driver.finishUpload(appended.state, bytes.length, 'blobs/ab/data')
    acknowledge(lab, 'blobs/ab/data', bytes)

    expect((await lab.verify()).broken).toEqual([])
  })

  test('loses no byte of a large upload that is synced while more of it is written', async () => {
    const lab = await openLab({ writes: LITTLE })

    await uploadInChunks(lab)

    const { broken, cuts } = await lab.verify()
    expect(broken).toEqual([])
    expect(cuts).toBeGreaterThan(100)
  })

  test('leaves nothing of an overwritten tail in the object', async () => {
    const lab = await openLab()
    const driver = await lab.open()
    const bytes = Buffer.concat([someBytes(3000, 1), someBytes(500, 4)])

    const state = await upload(lab, driver, someBytes(9000, 1))
    for (const each of lab.ledger.uploads) each.bytes = each.bytes.subarray(0, 3000)
    await driver.append(state, 3000, sourceOf([someBytes(800, 4)]))
    release(lab, state)
    expectPossible(lab, 'cut/data', bytes)
    await driver.finishUpload(state, bytes.length, 'cut/data')
    acknowledge(lab, 'cut/data', bytes)

    expect((await lab.verify()).broken).toEqual([])
  })

  test('leaves nothing of a tail that was cut off by an append of nothing', async () => {
    const lab = await openLab()
    const driver = await lab.open()
    const bytes = someBytes(3000, 1)

    const state = await upload(lab, driver, someBytes(9000, 1))
    for (const each of lab.ledger.uploads) each.bytes = bytes
    await driver.append(state, 3000, sourceOf([]))
    release(lab, state)
    expectPossible(lab, 'cut/data', bytes)
    await driver.finishUpload(state, 3000, 'cut/data')
    acknowledge(lab, 'cut/data', bytes)

    expect((await lab.verify()).broken).toEqual([])
  })

  test('keeps one winner and every loser of a race for one key', async () => {
    const lab = await openLab()
    const drivers = [await lab.open(), await lab.open()]
    const bodies = [1, 2, 3, 4, 5].map((seed) => someBytes(1000 + seed, seed))
    const states = await Promise.all(bodies.map((bytes, index) => upload(lab, at(drivers, index % 2), bytes)))

    await Promise.all(
      bodies.map(async (bytes, index) => {
        const state = at(states, index)
        const driver = at(drivers, index % 2)
        release(lab, state)
        for (const key of ['raced/ab/data', `raced/ab/data.${index + 2}`]) {
          expectPossible(lab, key, bytes)
          const won = await driver.finishUpload(state, bytes.length, key).then(
            () => true,
            (error) => {
              if (error instanceof ObjectExistsError) return false
              throw error
            },
          )
          if (won) return acknowledge(lab, key, bytes)
          lab.ledger.uploads.push({ state, bytes })
          lab.cut()
          release(lab, state)
        }
      }),
    )

    expect(lab.ledger.stored.size).toBe(5)
    expect(lab.ledger.stored.has('raced/ab/data')).toBe(true)
    expect((await lab.verify()).broken).toEqual([])
  })

  test('loses no fork, and nothing through aborting the original', async () => {
    const lab = await openLab()
    const driver = await lab.open()
    const original = await upload(lab, driver, someBytes(4000), someBytes(1000, 2))

    const state = await driver.forkUpload(original, 'fork', 4000)
    lab.ledger.uploads.push({ state, bytes: someBytes(4000) })
    lab.cut()
    release(lab, original)
    await driver.abortUpload(original)
    lab.cut()

    expect((await lab.verify()).broken).toEqual([])
  })

  test('may bring a deleted object back, whole, and it goes when it is deleted again', async () => {
    const lab = await openLab()
    const driver = await lab.open()
    await put(lab, driver, 'gone/data', someBytes(100))
    await put(lab, driver, 'gone/data.2', someBytes(200))

    lab.ledger.stored.delete('gone/data')
    await driver.delete('gone/data')
    lab.cut()

    expect((await lab.verify()).broken).toEqual([])
    await driver.delete('gone/data')
    expect(await driver.stat('gone/data')).toBeUndefined()
  })

  test('never brings back what was deleted for good, whoever had deleted it before', async () => {
    const lab = await openLab()
    const driver = await lab.open()
    await deleteForGood(lab, driver)

    expect((await lab.verify()).broken).toEqual([])
  })

  test('loses nothing in a directory that another process made and has not synced', async () => {
    const lab = await openLab()
    const slow = haltable(lab.fs)
    const other = await lab.open(slow.fs)
    const driver = await lab.open()
    const [first, second] = [Buffer.from('first'), Buffer.from('second')]
    expectPossible(lab, 'blobs/sha256/first', first)
    slow.halt()
    const halted = other.put('blobs/sha256/first', first)
    await vi.waitUntil(() => driver.stat('blobs/sha256/first'))

    await put(lab, driver, 'blobs/sha256/second', second)

    expect((await lab.verify()).broken).toEqual([])
    slow.resume()
    await halted
  })

  test('loses nothing in a directory that another call is still making', async () => {
    const lab = await openLab()
    const slow = haltable(lab.fs)
    const driver = await lab.open(slow.fs)
    const [first, second] = [Buffer.from('first'), Buffer.from('second')]
    expectPossible(lab, 'blobs/sha256/first', first)
    slow.halt()
    const halted = driver.put('blobs/sha256/first', first)
    await vi.waitUntil(() => slow.waiting() === 3)
    slow.letOthersPass()

    await put(lab, driver, 'blobs/sha256/second', second)

    expect((await lab.verify()).broken).toEqual([])
    slow.resume()
    await halted
  })

  test('loses nothing in a directory that was removed and that another process has made again', async () => {
    const lab = await openLab()
    const driver = await lab.open()
    await put(lab, driver, 'blobs/ab/one/data', someBytes(10))
    lab.ledger.stored.delete('blobs/ab/one/data')
    await driver.delete('blobs/ab/one/data')
    await driver.tidy?.('blobs/ab', new Date(Date.now() + 60_000))
    lab.cut()
    const slow = haltable(lab.fs)
    const other = await lab.open(slow.fs)
    const [first, second] = [Buffer.from('first'), Buffer.from('second')]
    expectPossible(lab, 'blobs/ab/one/data.2', first)
    slow.halt()
    const halted = other.put('blobs/ab/one/data.2', first)
    await vi.waitUntil(() => driver.stat('blobs/ab/one/data.2'))

    await put(lab, driver, 'blobs/ab/one/data.3', second)

    expect((await lab.verify()).broken).toEqual([])
    slow.resume()
    await halted
  })

  test('loses nothing of which somebody was told that it exists', async () => {
    const lab = await openLab()
    const slow = haltable(lab.fs)
    const other = await lab.open(slow.fs)
    const driver = await lab.open()
    const bytes = someBytes(1000)
    expectPossible(lab, 'blobs/sha256/same', bytes)
    slow.halt()
    const halted = other.put('blobs/sha256/same', bytes)
    await vi.waitUntil(() => driver.stat('blobs/sha256/same'))

    await expect(driver.put('blobs/sha256/same', bytes)).rejects.toThrow(ObjectExistsError)
    acknowledge(lab, 'blobs/sha256/same', bytes)

    expect((await lab.verify()).broken).toEqual([])
    slow.resume()
    await halted
  })
})

/** One object at once, and one that was deleted as any other before. */
async function deleteForGood(lab: PowerCutLab, driver: StorageDriver): Promise<void> {
  for (const key of ['secret/ab/data', 'secret/cd/data', 'secret/cd/other']) {
    await put(lab, driver, key, someBytes(100))
  }
  lab.ledger.stored.delete('secret/ab/data')
  lab.ledger.stored.delete('secret/cd/data')
  await driver.delete('secret/cd/data')
  for (const key of ['secret/ab/data', 'secret/cd/data']) {
    await driver.delete(key, { durable: true })
    lab.ledger.possible.delete(key)
    lab.cut()
  }
}

describe('the laboratory', { timeout: 60_000 }, () => {
  test.each([
    { what: 'no directory is synced', ignores: (kind: string) => kind === 'directory' },
    { what: 'no file is synced', ignores: (kind: string) => kind === 'file' },
    {
      what: 'the directory of the object is not',
      ignores: (_: string, path: string) => path.endsWith('/ab'),
    },
    { what: 'the parent of a new one is not', ignores: (_: string, path: string) => path.endsWith('/blobs') },
    { what: 'the uploads are not', ignores: (_: string, path: string) => path.endsWith('/_uploads') },
    { what: 'the first directory is not', ignores: (_: string, path: string) => path.endsWith('/var') },
  ])('finds the loss when $what', async ({ ignores }) => {
    const lab = await openLab({ ignores })
    const driver = await lab.open()

    await upload(lab, driver, someBytes(500))
    await put(lab, driver, 'blobs/ab/data', someBytes(1000))

    expect((await lab.verify()).broken).not.toEqual([])
  })
})

test('the laboratory finds what comes back where its directory was not synced', {
  timeout: 60_000,
}, async () => {
  let deleting = false
  const lab = await openLab({ ignores: (kind) => deleting && kind === 'directory' })
  const driver = await lab.open()
  await put(lab, driver, 'first', someBytes(10))
  const lazy = {
    ...driver,
    delete: (...args: Parameters<typeof driver.delete>) => {
      deleting = true
      return driver.delete(...args)
    },
  }

  await deleteForGood(lab, lazy)

  expect((await lab.verify()).broken).toContain('secret/ab/data is visible and wrong')
})

test('the laboratory finds the loss when a large upload is synced on its way alone', {
  timeout: 60_000,
}, async () => {
  const syncs = { seen: 0 }
  const lab = await openLab({
    writes: LITTLE,
    // The third is the one behind the first append.
    ignores: (kind) => kind === 'file' && ++syncs.seen > 2,
  })

  await uploadInChunks(lab)

  expect(syncs.seen).toBeGreaterThanOrEqual(4)
  expect((await lab.verify()).broken).toContain('large/data is visible and wrong')
})

/** A process that can be halted in front of every sync of a directory. */
function haltable(fs: FileSystem) {
  const { promise: resumed, resolve: resume } = Promise.withResolvers<void>()
  let halted = false
  let waiting = 0

  return {
    fs: {
      ...fs,
      async open(path, flags, mode) {
        const file = await fs.open(path, flags, mode)
        if (!halted || flags !== 'r') return file
        waiting += 1
        return { ...file, sync: () => resumed.then(() => file.sync()) }
      },
    } satisfies FileSystem,
    halt() {
      halted = true
    },
    /** How many syncs stand still. */
    waiting: () => waiting,
    /** Those that stand still go on standing. */
    letOthersPass() {
      halted = false
    },
    resume,
  }
}

function at<T>(list: T[], index: number): T {
  const item = list[index]
  if (item === undefined) throw new Error(`nothing at ${index}`)

  return item
}
