import { expect, test } from 'vitest'
import { takePage } from './referrers.ts'

const MIB = 1024 * 1024

function found(...sizes: number[]): { id: number; manifestSize: number }[] {
  return sizes.map((manifestSize, index) => ({ id: index + 1, manifestSize }))
}

test('a page ends before what would make the answer larger than a manifest may be', () => {
  expect(takePage(found(MIB, MIB, MIB, MIB, MIB))).toEqual([1, 2, 3])
})

test('a page has at least one referrer, however large', () => {
  expect(takePage(found(5 * MIB, 1))).toEqual([1])
})

test('a page has at most 1000 referrers, and of none there is an empty one', () => {
  expect(takePage(found(...Array.from({ length: 1001 }, () => 500)))).toHaveLength(1000)
  expect(takePage([])).toEqual([])
})
