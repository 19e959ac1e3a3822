import fc from 'fast-check'
import { expect, test } from 'vitest'
import { doublestar, PatternError } from './doublestar.ts'

test.each([
  ['**', 'a/b/c', true],
  ['', 'anything/at/all', true],
  ['*', 'app', true],
  ['*', 'a/b', false],
  ['a/*', 'a/b', true],
  ['a/*', 'a/b/c', false],
  ['a/**', 'a/b/c', true],
  ['**/b', 'b', true],
  ['**/b', 'a/x/b', true],
  ['**/b', 'ab', false],
  ['a/**/b', 'a/b', true],
  ['a/**/b', 'a/x/y/b', true],
  ['a/**/b', 'axb', false],
  ['v?', 'v1', true],
  ['v?', 'v12', false],
  ['v?', 'v/', false],
  ['v[0-9]', 'v5', true],
  ['v[^0-9]', 'v5', false],
  ['v[!0-9]', 'va', true],
  ['[ab]c', 'bc', true],
  ['{dev,test-*}', 'test-1', true],
  ['{dev,test-*}', 'prod', false],
  ['a{b,c{d,e}}f', 'acef', true],
  ['a{b,c{d,e}}f', 'acf', false],
  ['release-{1,2}.*', 'release-2.0', true],
  ['a\\*', 'a*', true],
  ['a\\*', 'ab', false],
  ['\\{a\\}', '{a}', true],
  ['latest', 'latest', true],
  ['latest', 'latest2', false],
  ['v1.0', 'v1x0', false],
])('%s and %s: %s', (pattern, name, expected) => {
  expect(doublestar(pattern)(name)).toBe(expected)
})

test.each(['[a', '{a,b', 'a\\', 'x'.repeat(1025), '{a,b}'.repeat(12), `${'x'.repeat(900)}{a,b,c}`])(
  '%s is no pattern',
  (pattern) => {
    expect(() => doublestar(pattern)).toThrow(PatternError)
  },
)

test('a name without special characters is its own pattern', () => {
  fc.assert(
    fc.property(
      fc.stringMatching(/^[a-z0-9._/-]{1,40}$/),
      fc.stringMatching(/^[a-z0-9._/-]{1,40}$/),
      (a, b) => {
        expect(doublestar(a)(b)).toBe(a === b)
      },
    ),
  )
})

test('no pattern takes long', () => {
  const started = performance.now()

  doublestar(`${'*a'.repeat(100)}*b`)('a'.repeat(500))
  doublestar(`${'**/'.repeat(100)}b`)('a/'.repeat(250))

  for (let name = 0; name < 1000; name += 1)
    doublestar(`{${'*a,'.repeat(60)}*b}`)(`${'a'.repeat(120)}${name}`)

  expect(performance.now() - started).toBeLessThan(3000)
})
