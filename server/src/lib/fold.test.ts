import { expect, test } from 'vitest'
import { foldLookups } from './fold.ts'

test('lookups of one turn go out together, each answered with its own value', async () => {
  const loads: number[][] = []
  const find = foldLookups(async (keys: readonly number[]) => {
    loads.push([...keys])
    return keys.map((key) => key * 10)
  }, String)

  const values = await Promise.all([find(1), find(2), find(3)])

  expect(values).toEqual([10, 20, 30])
  expect(loads).toEqual([[1, 2, 3]])
})

test('a key asked for while a load is under way is loaded again, not answered from it', async () => {
  let current = 'old'
  const gate = Promise.withResolvers<void>()
  const find = foldLookups(
    async (keys: readonly string[]) => {
      const seen = current
      if (seen === 'old') await gate.promise
      return keys.map(() => seen)
    },
    String,
    { parallel: 2, size: 10 },
  )

  const first = find('a')
  await new Promise((resolve) => setImmediate(resolve))
  current = 'new'
  const second = find('a')
  gate.resolve()

  expect(await Promise.all([first, second])).toEqual(['old', 'new'])
})

test('no load is larger than allowed, and no more run at once', async () => {
  const sizes: number[] = []
  let running = 0
  let most = 0
  const find = foldLookups(
    async (keys: readonly number[]) => {
      running += 1
      most = Math.max(most, running)
      sizes.push(keys.length)
      await new Promise((resolve) => setTimeout(resolve, 5))
      running -= 1
      return keys
    },
    String,
    { parallel: 2, size: 4 },
  )

  const values = await Promise.all(Array.from({ length: 22 }, (_, index) => find(index)))

  expect(values).toEqual(Array.from({ length: 22 }, (_, index) => index))
  expect(Math.max(...sizes)).toBe(4)
  expect(most).toBeLessThanOrEqual(2)
})

test('a failed load fails its keys and no others', async () => {
  const find = foldLookups(
    async (keys: readonly number[]) => {
      if (keys.includes(1)) throw new Error('no')
      return keys
    },
    String,
    { parallel: 1, size: 1 },
  )

  const results = await Promise.allSettled([find(1), find(2)])

  expect(results.map((result) => result.status)).toEqual(['rejected', 'fulfilled'])
})

test('keys of one name are asked once, and all get the answer', async () => {
  const loads: string[][] = []
  const find = foldLookups(
    async (keys: readonly { name: string }[]) => {
      loads.push(keys.map(({ name }) => name))
      return keys.map(({ name }) => `${name}!`)
    },
    ({ name }) => name,
  )

  const values = await Promise.all(['a', 'b', 'a', 'a', 'b'].map((name) => find({ name })))

  expect(values).toEqual(['a!', 'b!', 'a!', 'a!', 'b!'])
  expect(loads).toEqual([['a', 'b']])
})
