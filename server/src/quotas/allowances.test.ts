import fc from 'fast-check'
import { expect, test } from 'vitest'
import { allowances } from './allowances.ts'

const held = fc.array(fc.integer({ min: -1_000_000, max: 1_000_000 }), { minLength: 2, maxLength: 40 })
const total = (numbers: readonly number[]) => numbers.reduce((sum, each) => sum + each, 0)

test('the room in all slots together is what is left, never more', () => {
  fc.assert(
    fc.property(held, fc.nat(2 ** 50), fc.nat(10_000), (bytes, limit, next) => {
      const rooms = allowances(bytes, limit, next).map((allowance, slot) => allowance - (bytes[slot] ?? 0))
      const left = limit - total(bytes)

      expect(total(rooms.filter((room) => room > 0))).toBe(Math.max(0, left))
    }),
  )
})

test('beyond the limit, giving back makes room only for what is then left', () => {
  fc.assert(
    fc.property(
      held,
      fc.nat(1000),
      fc.array(fc.tuple(fc.nat(39), fc.nat(100_000))),
      (bytes, below, given) => {
        const limit = total(bytes) - below
        const allowed = allowances(bytes, limit, 0)
        const after = [...bytes]
        for (const [slot, amount] of given) {
          const at = slot % after.length
          after[at] = (after[at] ?? 0) - amount
        }

        const rooms = allowed.map((allowance, slot) => allowance - (after[slot] ?? 0))

        expect(total(rooms.filter((room) => room > 0))).toBeLessThanOrEqual(Math.max(0, limit - total(after)))
      },
    ),
  )
})

test('what is left goes to as many slots as can take the next push, in the end to one', () => {
  expect(allowances([10, 20, 30, 40], 1_100, 10)).toEqual([260, 270, 280, 290])
  expect(allowances([10, 20, 30, 40], 125, 10)).toEqual([23, 32, 30, 40])
  expect(allowances([10, 20, 30, 40], 105, 10)).toEqual([15, 20, 30, 40])
})
