import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PatternError } from './doublestar.ts'
import { compilePattern } from './pattern.ts'

const fits = (pattern: string, name: string) => compilePattern('doublestar', pattern)(name, [])

test.each([
  ['', 'anything/at/all'],
  ['**', 'v1'],
  ['**', 'a/b/c'],
  ['*', 'v1'],
  ['v*', 'v'],
  ['v*', 'v1.2-rc'],
  ['v?.?', 'v1.2'],
  ['a/*', 'a/b'],
  ['a/**', 'a/b/c'],
  ['**/c', 'c'],
  ['**/c', 'a/b/c'],
  ['a/**/c', 'a/c'],
  ['a/**/c', 'a/x/y/c'],
  ['**/**', 'a'],
  ['{a,b}', 'b'],
  ['{dev,prod}-*', 'prod-1'],
  ['{a{1,2},b}', 'a2'],
  ['{team/a,team/b}', 'team/b'],
  ['v1, v2', 'v2'],
  ['{v1,v2},w*', 'w3'],
  ['v[0-9]', 'v7'],
  ['v[^0-9]', 'vx'],
  ['[a-c\\]]', ']'],
  ['a.b', 'a.b'],
  ['a\\*', 'a*'],
  ['a**b', 'axxb'],
])('%j fits %j', (pattern, name) => {
  expect(fits(pattern, name)).toBe(true)
})

test.each([
  ['*', 'a/b'],
  ['?', '/'],
  ['v*', 'xv1'],
  ['v*', 'V1'],
  ['a/**', 'a'],
  ['a/*', 'a/b/c'],
  ['a**b', 'a/b'],
  ['**c', 'a/c'],
  ['a.b', 'axb'],
  ['v[0-9]', 'v10'],
  ['v[^0-9]', 'v7'],
  ['a[^b]c', 'a/c'],
  ['{a,b}', 'c'],
  ['v1, v2', 'v3'],
  ['[z-a]', 'b'],
])('%j does not fit %j', (pattern, name) => {
  expect(fits(pattern, name)).toBe(false)
})

test.each([
  '[',
  '[]',
  '[a',
  '{a',
  'a\\',
  '[-a]',
  '[a-]',
  ',',
  '{a,b}'.repeat(12),
  'x'.repeat(2000),
  `${'x'.repeat(900)}{a,b,c,d,e}`,
])('%j is refused', (pattern) => {
  expect(() => compilePattern('doublestar', pattern)).toThrow(PatternError)
})

const WORD = fc.string({
  unit: fc.constantFrom('a', 'b', '.', '-', '1', '+', '$', '(', '|'),
  minLength: 1,
  maxLength: 6,
})

test('a name without special characters fits itself only', () => {
  fc.assert(
    fc.property(WORD, WORD, (one, other) => {
      expect(fits(one, other)).toBe(one === other)
    }),
  )
})

test('alternatives fit what one of them fits', () => {
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '/'), minLength: 1, maxLength: 6 })
  const name = fc.string({ unit: fc.constantFrom('a', 'b', '/'), minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(pattern, pattern, name, (one, other, text) => {
      const either = fits(one, text) || fits(other, text)
      expect(fits(`{${one},${other}}`, text)).toBe(either)
      expect(fits(`${one},${other}`, text)).toBe(either)
    }),
  )
})

test('whatever the pattern, it is read or refused', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', maxLength: 20 }),
      fc.string({ maxLength: 10 }),
      (pattern, name) => {
        try {
          expect(typeof fits(pattern, name)).toBe('boolean')
        } catch (error) {
          expect(error).toBeInstanceOf(PatternError)
        }
      },
    ),
    { numRuns: 2000 },
  )
})
