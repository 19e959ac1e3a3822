import fc from 'fast-check'
import { expect } from 'vitest'
import type { StorageDriver, UploadState } from '../driver.ts'
import { ObjectExistsError } from '../errors.ts'
import { cut, finish, readAll, readObject, someBytes, sourceOf } from './bytes.ts'
import type { SuiteCase } from './suite-case.ts'

const WRITERS = 24

/** Many writers at once, and long sequences that nobody would think of. */
export const concurrencyCases: SuiteCase[] = [
  {
    name: 'lets exactly one of many writers finish a key; the others finish under another',
    async run(driver, reopen) {
      const drivers = [driver, await reopen()]
      const writers = await Promise.all(
        Array.from({ length: WRITERS }, (_, index) => write(pick(drivers, index), index)),
      )

      const outcomes = await Promise.allSettled(
        writers.map(({ state, bytes }, index) =>
          finish(pick(drivers, index), state, bytes.length, 'race/data'),
        ),
      )
      const losers = writers.filter((_, index) => outcomes[index]?.status === 'rejected')
      const winner = writers.find((_, index) => outcomes[index]?.status === 'fulfilled')

      expect(losers).toHaveLength(WRITERS - 1)
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(ObjectExistsError)
      }
      await Promise.all(
        losers.map(({ state, bytes }, index) =>
          finish(driver, state, bytes.length, `race/data.${index + 2}`),
        ),
      )
      await expectObject(driver, 'race/data', winner?.bytes)
      for (const [index, { bytes }] of losers.entries()) {
        await expectObject(driver, `race/data.${index + 2}`, bytes)
      }
    },
  },
  {
    name: 'loses nothing that is stored while what deletion has left is tidied away',
    async run(driver, reopen) {
      const other = await reopen()
      const tidy = other.tidy
      if (!tidy) return
      const key = (round: number, index: number) => `tidied/ab/${index}/data.${round}`
      let over = false
      const tidying = (async () => {
        let removed = 0
        while (!over) removed += await tidy('tidied/ab', new Date(Date.now() + 60_000))
        return removed
      })()

      for (let round = 0; round < 40; round += 1) {
        const keys = Array.from({ length: 6 }, (_, index) => key(round, index))
        await Promise.all(
          keys.map(async (each, index) => {
            if (index % 2 === 0) return await driver.put(each, Buffer.from(each))
            const chunks = sourceOf([Buffer.from(each)])
            const { state } = await driver.append(await driver.startUpload('t'), 0, chunks)
            await finish(driver, state, each.length, each)
          }),
        )
        for (const each of keys) await expectObject(other, each, Buffer.from(each))
        await Promise.all(keys.map((each) => driver.delete(each)))
      }
      over = true

      expect(await tidying).toBeGreaterThan(0)
      await tidy('tidied/ab', new Date(Date.now() + 60_000))
      expect(await tidy('tidied/ab', new Date(Date.now() + 60_000))).toBe(0)
      await driver.put(key(0, 0), Buffer.from('again'))
      expect(await tidy('tidied/ab', new Date(Date.now() + 60_000))).toBe(0)
      await expectObject(driver, key(0, 0), Buffer.from('again'))
    },
  },
  {
    name: 'stores different keys below shared, missing parents all at once',
    async run(driver, reopen) {
      const drivers = [driver, await reopen()]
      const bodies = Array.from({ length: WRITERS }, (_, index) => someBytes(5000 + index, index + 1))
      const wished = (index: number) => `shared/by/${index % 3}/all/${index % 2}/${index}`

      const keys = await Promise.all(
        bodies.map(async (bytes, index) => {
          const chosen = pick(drivers, index)
          if (index % 4 === 0) {
            await chosen.put(wished(index), bytes)
            return wished(index)
          }
          const { state } = await chosen.append(await chosen.startUpload('s'), 0, sourceOf(cut(bytes, 999)))
          return finish(chosen, state, bytes.length, wished(index))
        }),
      )

      expect(await driver.list('', { limit: 100 })).toEqual(keys.toSorted())
      for (const [index, bytes] of bodies.entries()) await expectObject(driver, keys[index] ?? '', bytes)
    },
  },
  {
    name: 'makes one object of an upload when two callers finish it',
    async run(driver, reopen) {
      const other = await reopen()
      const { state, bytes } = await write(driver, 1)

      const outcomes = await Promise.allSettled([
        finish(driver, state, bytes.length, 'twice'),
        finish(other, state, bytes.length, 'twice'),
      ])

      const keys = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
      expect(new Set(keys).size).toBe(1)
      expect(await driver.list('', { limit: 10 })).toEqual(keys.slice(0, 1))
      await expectObject(driver, keys[0] ?? '', bytes)
    },
  },
  {
    name: 'agrees with a plain buffer over any sequence of appends, offsets and broken sources',
    timeout: 60_000,
    async run(driver) {
      const step = fc.record({
        from: fc.double({ min: 0, max: 1, noNaN: true }),
        size: fc.oneof(fc.nat(20), fc.nat(100_000), fc.constantFrom(0, 1024 * 1024, 1_500_000)),
        chunk: fc.integer({ min: 1000, max: 70_000 }),
        breaks: fc.boolean(),
      })

      await fc.assert(
        fc.asyncProperty(
          fc.array(step, { maxLength: 8 }),
          fc.double({ min: 0, max: 1, noNaN: true }),
          (s, f) => expectModel(driver, s, f),
        ),
        { numRuns: 25 },
      )
    },
  },
]

interface Step {
  from: number
  size: number
  chunk: number
  breaks: boolean
}

async function expectModel(driver: StorageDriver, steps: Step[], fraction: number): Promise<void> {
  let model: Buffer = Buffer.alloc(0)
  let state = await driver.startUpload('model')

  for (const [index, { from, size, chunk, breaks }] of steps.entries()) {
    const offset = Math.floor(from * model.length)
    const bytes = someBytes(size, index + 1)
    const failure = breaks ? new Error('broken off') : undefined
    const appended = await driver.append(state, offset, sourceOf(cut(bytes, chunk), failure))
    model = Buffer.concat([model.subarray(0, offset), bytes])
    state = appended.state
    expect(appended.written).toBe(size)
    expect(appended.failure).toBe(failure)
    expect((await readAll(await driver.readUpload(state, model.length))).equals(model)).toBe(true)
  }
  const length = Math.floor(fraction * model.length)
  const key = await finish(driver, state, length, 'model/data')

  await expectObject(driver, key, model.subarray(0, length))
  await driver.delete(key)
}

async function write(driver: StorageDriver, index: number): Promise<{ state: UploadState; bytes: Buffer }> {
  const bytes = someBytes(100_000 + index, index + 1)
  const { state } = await driver.append(await driver.startUpload(`w${index}`), 0, sourceOf([bytes]))

  return { state, bytes }
}

async function expectObject(driver: StorageDriver, key: string, bytes: Buffer | undefined): Promise<void> {
  const stored = await readObject(driver, key)
  expect(bytes !== undefined && stored.equals(bytes)).toBe(true)
}

function pick(drivers: StorageDriver[], index: number): StorageDriver {
  const driver = drivers[index % drivers.length]
  if (driver === undefined) throw new Error('no driver')

  return driver
}
