import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { findInTurns } from './turns.ts'

/** Keeps the thread busy for some microseconds. */
function work(): void {
  for (const end = performance.now() + 0.05; performance.now() < end; );
}

test('the first item that is meant is found, whatever comes behind it', async () => {
  const seen: number[] = []
  const isMeant = (item: number) => {
    seen.push(item)
    return item > 2
  }

  expect(await findInTurns([1, 2, 3, 4], isMeant)).toBe(3)
  expect(await findInTurns([1, 2], isMeant)).toBeUndefined()
  expect(seen).toEqual([1, 2, 3, 1, 2])
})

test('others have their turn all the while', async () => {
  let turns = 0
  let over = false
  const others = (async () => {
    while (!over) {
      await setImmediate()
      turns += 1
    }
  })()

  await findInTurns(
    Array.from({ length: 4000 }, (_, at) => at),
    () => {
      work()
      return false
    },
  )
  over = true
  await others

  expect(turns).toBeGreaterThan(5)
})
