import fc from 'fast-check'
import { expect, test } from 'vitest'
import { inOrder, nearestWindow } from './window.ts'

test('a page read from the nearer end has the rows of the page', () => {
  const page = fc.record({ offset: fc.nat(120), limit: fc.integer({ min: 1, max: 30 }) })
  fc.assert(
    fc.property(fc.nat(100), page, (total, { offset, limit }) => {
      const list = Array.from({ length: total }, (_, index) => index)

      const window = nearestWindow({ offset, limit }, total)
      const read = window.backwards ? list.toReversed() : list
      const rows = inOrder(window, read.slice(window.offset, window.offset + window.limit))

      expect(rows).toEqual(list.slice(offset, offset + limit))
    }),
  )
})

test('no window passes over more than half the list', () => {
  for (const offset of [0, 49, 50, 51, 99]) {
    expect(nearestWindow({ offset, limit: 10 }, 100).offset).toBeLessThanOrEqual(50)
  }
})
