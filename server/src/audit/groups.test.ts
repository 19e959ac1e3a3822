import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Group, mergeGroups } from './groups.ts'

const inOrder = (values: Iterable<string>) =>
  [...new Set(values)].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
const toGroups = (values: readonly string[]): Group[] => values.map((value, at) => ({ value, rows: at + 1 }))

test('groups of two selections are each told once, in the order of the database', () => {
  const names = fc.array(fc.string({ unit: 'binary', maxLength: 3 })).map(inOrder)
  fc.assert(
    fc.property(names, names, (some, others) => {
      const merged = mergeGroups(toGroups(some), toGroups(others))

      expect(merged.map(({ value }) => value)).toEqual(inOrder([...some, ...others]))
      for (const { value, rows } of merged)
        expect(rows).toBe(some.indexOf(String(value)) + 1 + others.indexOf(String(value)) + 1)
    }),
  )
})

test('numbers and truth values keep their order', () => {
  const merged = mergeGroups(
    [
      { value: 2, rows: 1 },
      { value: 10, rows: 1 },
    ],
    [{ value: 9, rows: 5 }],
  )

  expect(merged.map(({ value }) => value)).toEqual([2, 9, 10])
  expect(mergeGroups([{ value: true, rows: 1 }], [{ value: false, rows: 2 }])).toEqual([
    { value: false, rows: 2 },
    { value: true, rows: 1 },
  ])
})
