import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isLightJson } from './json-weight.ts'
import { leastProcessorTimeOf } from './testing-time.ts'

const light = (text: string, values: number, depth: number) =>
  isLightJson(Buffer.from(text), { values, depth, names: 1e6 })

test.each([
  ['{}', 2, 1, true],
  ['{"a":1}', 3, 1, true],
  ['[1,2,3]', 4, 1, true],
  ['[1,2,3]', 3, 1, false],
  ['[[[1]]]', 9, 3, true],
  ['[[[1]]]', 9, 2, false],
  ['[[],[],[]]', 9, 2, true],
  ['"[[[,,,"', 1, 0, true],
  [String.raw`"\"[[[\\",1`, 2, 0, true],
  [String.raw`"\\",[`, 9, 0, false],
  ['"never ended [[[[', 1, 0, true],
])('%s within %i values and a depth of %i: %s', (text, values, depth, expected) => {
  expect(light(text, values, depth)).toBe(expected)
})

test.each([
  ['{"a":1,"b":2}', true],
  ['{"a":1,"b":2,"c":3}', false],
  ['{"a":{"a":1,"b":2},"b":{"a":1,"b":2}}', true],
  ['[{"a":1,"b":2},{"a":1,"b":2,"c":3}]', false],
  ['{"a:b:c":":::"}', true],
])('%s has at most two names in an object: %s', (text, expected) => {
  expect(isLightJson(Buffer.from(text), { values: 99, depth: 9, names: 2 })).toBe(expected)
})

test('whatever is JSON is weighed as parsing finds it', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), fc.boolean(), (value, spaced) => {
      const text = JSON.stringify(value, null, spaced ? 2 : 0)
      const depth = depthOf(value)

      expect(light(text, 1e6, depth)).toBe(true)
      if (depth > 0) expect(light(text, 1e6, depth - 1)).toBe(false)
      expect(light(text, 2 * namesAndValues(value) + 1, depth)).toBe(true)
    }),
  )
})

test.each(['\\\\', '\\"'])('a text of nothing but %s takes time as it is long', async (piece) => {
  const time = (pieces: number) => {
    const text = Buffer.from(`"${piece.repeat(pieces)}"`)
    return leastProcessorTimeOf(() => isLightJson(text, { values: 9, depth: 9, names: 9 }))
  }

  // The square of it would be four times as much.
  expect((await time(40_000)) / (await time(20_000))).toBeLessThan(3)
})

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  return 1 + Math.max(0, ...Object.values(value).map(depthOf))
}

function namesAndValues(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1
  return Object.values(value).reduce<number>((sum, one) => sum + 1 + namesAndValues(one), 1)
}
