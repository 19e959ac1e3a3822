import fc from 'fast-check'
import { expect, test } from 'vitest'
import { matchesEntityTag, readRange } from './range.ts'

const part = (start: number, end: number) => ({ kind: 'part', range: { start, end } })

test.each([
  ['bytes=0-0', part(0, 0)],
  ['bytes=0-99', part(0, 9)],
  ['Bytes=0-9', part(0, 9)],
  ['bytes=5-', part(5, 9)],
  ['bytes=-3', part(7, 9)],
  ['bytes=-30', part(0, 9)],
  ['bytes=10-', { kind: 'unsatisfiable' }],
  ['bytes=-0', { kind: 'unsatisfiable' }],
  ['bytes=5-2', { kind: 'unsatisfiable' }],
  ['bytes=0-1,3-4', { kind: 'whole' }],
  ['bytes=-', { kind: 'whole' }],
  ['pages=1-2', { kind: 'whole' }],
  [undefined, { kind: 'whole' }],
])('%j of 10 bytes is %j', (header, answer) => {
  expect(readRange(header, 10)).toEqual(answer)
})

test('a part always lies within the content', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(), fc.nat(1000), (first, last, size) => {
      const answer = readRange(`bytes=${first}-${last}`, size)
      if (answer.kind !== 'part') return
      expect(answer.range.start).toBeLessThanOrEqual(answer.range.end)
      expect(answer.range.end).toBeLessThan(size)
    }),
  )
})

test('whatever the header says, a part lies within the content, in whole bytes', () => {
  const number = fc.oneof(
    fc.bigInt({ min: 0n }).map(String),
    fc.constantFrom('', '0', '00', '1e3', '-1', '9'.repeat(400)),
  )
  const header = fc.oneof(
    fc.tuple(number, number).map(([first, last]) => `bytes=${first}-${last}`),
    fc.string({ unit: fc.constantFrom(...'bytes=-0129,* ') }).map((text) => `bytes=${text}`),
    fc.string(),
  )
  fc.assert(
    fc.property(header, fc.oneof(fc.nat(20), fc.maxSafeNat()), (text, size) => {
      const answer = readRange(text, size)
      if (answer.kind !== 'part') return
      const { start, end } = answer.range
      expect(Number.isSafeInteger(start) && Number.isSafeInteger(end)).toBe(true)
      expect(start).toBeGreaterThanOrEqual(0)
      expect(end).toBeGreaterThanOrEqual(start)
      expect(end).toBeLessThan(size)
    }),
    { numRuns: 2000 },
  )
})

test.each([
  ['"a"', true],
  ['W/"a"', true],
  ['"b", "a"', true],
  ['*', true],
  ['"b"', false],
  [undefined, false],
])('If-None-Match %j against "a": %j', (header, matches) => {
  expect(matchesEntityTag(header, '"a"')).toBe(matches)
})
