import fc from 'fast-check'
import { expect } from 'vitest'
import type { StorageDriver } from '../driver.ts'
import { sourceOf } from './bytes.ts'
import type { SuiteCase } from './suite-case.ts'

/** In byte order, which is neither that of a locale nor that of names directory by directory. */
const NASTY = [
  'n/1',
  'n/10',
  'n/2',
  'n/A',
  'n/Z/x',
  'n/_x',
  'n/a+b/z',
  'n/a-b/x',
  'n/a.b/y',
  'n/a/a',
  'n/a/b.c',
  'n/a/b/c',
  'n/a/b0/c',
  'n/a0',
  'n/a=',
  'n/a_b',
  'n/aa/q',
]

/** `list`. */
export const listingCases: SuiteCase[] = [
  {
    name: 'lists in byte order of whole keys, whatever the names',
    async run(driver) {
      for (const key of NASTY.toReversed()) await driver.put(key, Buffer.from(key))

      expect(await driver.list('n', { limit: 100 })).toEqual(NASTY)
      expect(await driver.list('', { limit: 100 })).toEqual(NASTY)
    },
  },
  {
    name: 'lists page by page, each key once, from any key on, also one that is not there',
    async run(driver) {
      for (const key of NASTY) await driver.put(key, Buffer.from(key))

      for (const limit of [1, 2, 5, NASTY.length, 100]) {
        expect(await listAll(driver, 'n', limit)).toEqual(NASTY)
      }
      for (const after of ['n/a', 'n/a/', 'n/a/b', 'n/a/bzz', 'm', 'n', 'o', 'n/a-b/x', 'n/a-', 'n/zz']) {
        expect(await driver.list('n', { after, limit: 100 })).toEqual(NASTY.filter((key) => key > after))
      }
    },
  },
  {
    name: 'goes on from within a directory to one whose name begins with the same letters',
    async run(driver) {
      const keys = ['n/a+/x', 'n/a-', 'n/a/a+/a', 'n/a0/a0/a0/a-', 'n/b/a0/-/a+']
      for (const key of keys) await driver.put(key, Buffer.from(key))

      for (const limit of [1, 2, 3]) {
        expect(await listAll(driver, 'n', limit)).toEqual(keys)
        expect(await listAll(driver, '', limit)).toEqual(keys)
      }
    },
  },
  {
    name: 'takes a prefix as whole segments',
    async run(driver) {
      for (const key of ['a/b/c', 'a/b/d/e', 'a/bc', 'a/b-c', 'a/b.c/d'])
        await driver.put(key, Buffer.from(key))

      expect(await driver.list('a/b', { limit: 10 })).toEqual(['a/b/c', 'a/b/d/e'])
      expect(await driver.list('a/b/c', { limit: 10 })).toEqual([])
      expect(await driver.list('a/b/c/d', { limit: 10 })).toEqual([])
      expect(await driver.list('a/x', { limit: 10 })).toEqual([])
    },
  },
  {
    name: 'lists no upload in progress',
    async run(driver) {
      const begun = await driver.startUpload('unseen')
      const { state } = await driver.append(begun, 0, sourceOf([Buffer.from('abc')]))

      expect(await driver.list('', { limit: 10 })).toEqual([])

      await driver.abortUpload(state)
    },
  },
  {
    name: 'agrees with a sorted array over any set of keys',
    timeout: 60_000,
    async run(driver) {
      const segment = fc.constantFrom('a', 'a-', 'a.', 'a+', 'a0', 'a=', 'A', 'b', '-', '_')
      const key = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => segments.join('/'))
      const keys = fc.uniqueArray(key, { maxLength: 25 }).map(withoutParents)
      const limit = fc.integer({ min: 1, max: 30 })
      let runs = 0

      await fc.assert(
        fc.asyncProperty(keys, key, key, limit, (...sample) => {
          runs += 1
          return expectSorted(driver, `run${runs}`, ...sample)
        }),
        { numRuns: 20 },
      )
    },
  },
]

/** Each below a `top` of its own: what was a directory once need not become an object later. */
async function expectSorted(
  driver: StorageDriver,
  top: string,
  names: string[],
  below: string,
  behind: string,
  limit: number,
): Promise<void> {
  const keys = names.map((name) => `${top}/${name}`)
  const prefix = `${top}/${below}`
  const after = `${top}/${behind}`
  for (const key of keys) await driver.put(key, Buffer.from(key))

  const sorted = keys.toSorted()
  expect(await listAll(driver, '', limit)).toEqual(sorted)
  expect(await listAll(driver, prefix, limit)).toEqual(sorted.filter((key) => key.startsWith(`${prefix}/`)))
  const page = sorted.filter((key) => key > after).slice(0, limit)
  expect(await driver.list('', { after, limit })).toEqual(page)

  for (const key of keys) await driver.delete(key)
}

/** Not every medium can have an object where another one has a directory. */
function withoutParents(keys: string[]): string[] {
  return keys.filter((key) => !keys.some((other) => other.startsWith(`${key}/`)))
}

async function listAll(driver: StorageDriver, prefix: string, limit: number): Promise<string[]> {
  const keys = await driver.list(prefix, { limit })
  for (let page = keys; page.length === limit; ) {
    page = await driver.list(prefix, { after: keys.at(-1) ?? '', limit })
    keys.push(...page)
  }

  return keys
}
