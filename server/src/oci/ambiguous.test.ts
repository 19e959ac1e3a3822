import fc from 'fast-check'
import { expect, test } from 'vitest'
import { findRepeatedName, findVariant } from './ambiguous.ts'

test.each([
  ['{"a":1,"a":2}', 'a'],
  ['{"a":1,"b":{"c":1,"d":[],"c":2}}', 'c'],
  ['[{"a":1},{"a":1,"b":2,"a":3}]', 'a'],
  [String.raw`{"a":1,"\u0061" :2}`, 'a'],
  ['{"":1,"":2}', ''],
  [String.raw`{"x\"":1,"x\"":2}`, 'x"'],
  ['{"a":{"a":{"a":"a"}},"b":["a","a"]}', undefined],
  ['[{"a":1},{"a":1}]', undefined],
  [String.raw`{"a":"\",\"a\":","b":"a"}`, undefined],
  ['"a"', undefined],
  ['{}', undefined],
])('in %j the name %j stands twice', (json, name) => {
  expect(findRepeatedName(json)).toBe(name)
})

test('what JSON.stringify writes repeats nothing, and what is put in once more is found', () => {
  const name = fc.string({ unit: fc.constantFrom(...'ab"\\{}[]:, \n\0ä🦊'), maxLength: 6 })
  const value = fc.oneof(name, fc.array(fc.dictionary(name, name, { maxKeys: 3 }), { maxLength: 3 }))
  const object = fc.dictionary(name, value, { minKeys: 1, maxKeys: 4 })
  fc.assert(
    fc.property(object, fc.nat(), fc.boolean(), (value, which, spaced) => {
      const text = JSON.stringify(value, null, spaced ? 2 : 0)
      const names = Object.keys(value)
      const name = names[which % names.length] as string

      expect(findRepeatedName(text)).toBe(undefined)
      expect(findRepeatedName(`{${JSON.stringify(name)}:null,${text.slice(1)}`)).toBe(name)
    }),
  )
})

// Were it more than linear, this would take minutes.
test('a long text takes no longer than its length', () => {
  expect(findRepeatedName(`{"a":"${'\\\\'.repeat(1_000_000)}"}`)).toBe(undefined)
  expect(findRepeatedName(`{"a":[${'"x" ,'.repeat(400_000)}1],"a":1}`)).toBe('a')
})

test.each([
  ['Layers', 'Layers'],
  ['LAYERS', 'LAYERS'],
  ['layer\u017f', 'layer\u017f'],
  ['mediatype', 'mediatype'],
  ['layers', undefined],
  ['layerss', undefined],
  ['org.example.layers', undefined],
])('%j is a variant of a field: %j', (name, expected) => {
  expect(findVariant([name], ['layers', 'mediaType'])).toBe(expected)
})
