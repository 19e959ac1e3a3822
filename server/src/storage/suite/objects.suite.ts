import { expect } from 'vitest'
import { InvalidRangeError, ObjectExistsError, ObjectMissingError } from '../errors.ts'
import { cut, finish, MIB, readAll, readObject, someBytes, sourceOf, store } from './bytes.ts'
import type { SuiteCase } from './suite-case.ts'

/** Reading, `put`, `stat` and `delete`. */
export const objectCases: SuiteCase[] = [
  {
    name: 'stores an object of no bytes',
    async run(driver) {
      await driver.put('put/empty', Buffer.alloc(0))
      const uploaded = await store(driver, 'upload/empty', Buffer.alloc(0))

      for (const key of ['put/empty', uploaded]) {
        expect(await driver.stat(key)).toEqual({ size: 0 })
        expect(await readObject(driver, key)).toEqual(Buffer.alloc(0))
      }
    },
  },
  {
    name: 'puts a small object and gives it back',
    async run(driver) {
      const bytes = someBytes(3000)

      await driver.put('one/two/three', bytes)

      expect(await driver.stat('one/two/three')).toEqual({ size: 3000 })
      expect((await readObject(driver, 'one/two/three')).equals(bytes)).toBe(true)
    },
  },
  {
    name: 'gives back a large object whole',
    async run(driver) {
      const bytes = someBytes(11 * MIB + 12_345)
      const begun = await driver.startUpload('large')

      const appended = await driver.append(begun, 0, sourceOf(cut(bytes, 65_536)))
      const key = await finish(driver, appended.state, bytes.length, 'large')

      expect(appended.written).toBe(bytes.length)
      expect(await driver.stat(key)).toEqual({ size: bytes.length })
      expect((await readObject(driver, key)).equals(bytes)).toBe(true)
    },
  },
  {
    name: 'takes a chunk larger than any buffer, and many tiny ones',
    async run(driver) {
      const huge = someBytes(9 * MIB, 2)
      const tiny = someBytes(5000, 3)
      const begun = await driver.startUpload('mixed')

      const { state } = await driver.append(
        begun,
        0,
        sourceOf([...cut(tiny, 1), Buffer.alloc(0), huge, ...cut(tiny, 7)]),
      )
      const key = await finish(driver, state, huge.length + 10_000, 'mixed')

      const stored = await readObject(driver, key)
      expect(stored.equals(Buffer.concat([tiny, huge, tiny]))).toBe(true)
    },
  },
  {
    name: 'answers ranges: first byte, last byte, middle, across buffers, whole',
    async run(driver) {
      const bytes = someBytes(3 * MIB + 17)
      const last = bytes.length - 1
      const key = await store(driver, 'ranged', bytes)
      const ranges = [
        { start: 0, end: 0 },
        { start: last, end: last },
        { start: 1000, end: 1999 },
        { start: MIB - 1, end: 2 * MIB },
        { start: 0, end: last },
      ]

      for (const range of ranges) {
        const part = await readAll(await driver.read(key, range))

        expect(part.equals(bytes.subarray(range.start, range.end + 1))).toBe(true)
      }
    },
  },
  {
    name: 'refuses a range that leaves the object',
    async run(driver) {
      await driver.put('ten', someBytes(10))
      await driver.put('none', Buffer.alloc(0))

      await expect(driver.read('ten', { start: 5, end: 10 })).rejects.toThrow(InvalidRangeError)
      await expect(driver.read('ten', { start: 10, end: 10 })).rejects.toThrow(InvalidRangeError)
      await expect(driver.read('none', { start: 0, end: 0 })).rejects.toThrow(InvalidRangeError)
    },
  },
  {
    name: 'says of what is missing that it is missing, before any byte',
    async run(driver) {
      await driver.put('here/is/one', someBytes(10))

      for (const key of ['nowhere', 'here/is/two', 'here/is/one/more', 'here/is', 'here']) {
        expect(await driver.stat(key)).toBeUndefined()
        await expect(driver.read(key)).rejects.toThrow(ObjectMissingError)
      }
    },
  },
  {
    name: 'never overwrites by put',
    async run(driver) {
      await driver.put('taken', Buffer.from('first'))

      await expect(driver.put('taken', Buffer.from('second'))).rejects.toThrow(ObjectExistsError)

      expect((await readObject(driver, 'taken')).toString()).toBe('first')
    },
  },
  {
    name: 'lets exactly one of many concurrent puts win, and shows it only whole',
    async run(driver, reopen) {
      const other = await reopen()
      const bodies = Array.from({ length: 16 }, (_, index) => someBytes(200_000 + index, index + 1))

      const outcomes = Promise.allSettled(
        bodies.map((bytes, index) => (index % 2 ? driver : other).put('race/put', bytes)),
      )
      const seen = await Promise.all(Array.from({ length: 50 }, () => driver.stat('race/put')))

      const results = await outcomes
      const winners = bodies.filter((_, index) => results[index]?.status === 'fulfilled')
      const refusals = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
      expect(winners).toHaveLength(1)
      expect(refusals.every((reason) => reason instanceof ObjectExistsError)).toBe(true)
      expect((await readObject(driver, 'race/put')).equals(winners[0] ?? Buffer.alloc(0))).toBe(true)
      expect(seen.every((stat) => stat === undefined || stat.size === winners[0]?.length)).toBe(true)
    },
  },
  {
    name: 'deletes one object and nothing that is named alike',
    async run(driver) {
      for (const key of ['a/b/c', 'a/b/d', 'a/bc', 'a/b-c']) await driver.put(key, Buffer.from(key))

      for (const key of ['a', 'a/b', 'a/b/c/x', 'a/b/x', 'x/y']) await driver.delete(key)
      await driver.delete('a/b/c')
      await driver.delete('a/b/c')

      expect(await driver.list('', { limit: 10 })).toEqual(['a/b-c', 'a/b/d', 'a/bc'])
    },
  },
  {
    name: 'deletes for good as it deletes, and what is gone already once more',
    async run(driver, reopen) {
      for (const key of ['g/b/c', 'g/b/d', 'g/bc']) await driver.put(key, Buffer.from(key))
      const uploaded = await store(driver, 'uploaded', someBytes(1000))
      await driver.delete('g/bc')

      const keys = ['g/b/c', 'g/b/c', 'g/bc', uploaded]
      for (const key of [...keys, 'g', 'g/b', 'g/b/d/x', 'no/such/key']) {
        await driver.delete(key, { durable: true })
      }

      const other = await reopen()
      expect(await other.list('', { limit: 10 })).toEqual(['g/b/d'])
      for (const key of keys) expect(await other.stat(key)).toBeUndefined()
    },
  },
  {
    name: 'goes on giving an object to a reader who had it when it was deleted, or fails; never less',
    async run(driver) {
      const bytes = someBytes(6 * MIB)
      const key = await store(driver, 'doomed', bytes)
      const stream = await driver.read(key)

      await driver.delete(key)

      const read = await readAll(stream).catch((error: unknown) => error)
      expect(read instanceof Error || (read instanceof Buffer && read.equals(bytes))).toBe(true)
      expect(await driver.stat(key)).toBeUndefined()
    },
  },
  {
    name: 'survives streams that are destroyed at once or midway',
    async run(driver) {
      const key = await store(driver, 'watched', someBytes(5 * MIB))

      const untouched = await driver.read(key)
      untouched.destroy()
      const broken = await driver.read(key)
      for await (const chunk of broken) if (chunk.length > 0) break

      expect(broken.destroyed).toBe(true)
      expect(await driver.stat(key)).toEqual({ size: 5 * MIB })
    },
  },
  {
    name: 'reads into memory of the caller, where it has that ability',
    async run(driver) {
      if (!driver.open) return
      const bytes = someBytes(100_000)
      await driver.put('opened', bytes)

      const reader = await driver.open('opened')
      const middle = Buffer.alloc(1000)
      const tail = Buffer.alloc(1000)
      const read = [
        await reader.read(middle, 5000),
        await reader.read(tail, 99_500),
        await reader.read(Buffer.alloc(1), 100_000),
      ]
      await reader.close()

      expect(read).toEqual([1000, 500, 0])
      expect(middle.equals(bytes.subarray(5000, 6000))).toBe(true)
      expect(tail.subarray(0, 500).equals(bytes.subarray(99_500))).toBe(true)
      await expect(driver.open('never-put')).rejects.toBeInstanceOf(ObjectMissingError)
    },
  },
]
