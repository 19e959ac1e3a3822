import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PatternError } from './doublestar.ts'
import { likenessesOf } from './likeness.ts'
import { compilePattern } from './pattern.ts'

const matching = (pattern: string) => likenessesOf({ kind: 'doublestar', decoration: 'matches', pattern })

/** LIKE, as PostgreSQL means it. */
function isLike(name: string, like: string): boolean {
  const source = like.replace(/\\(.)|([\s\S])/gu, (_, escaped?: string, plain?: string) => {
    if (plain === '%') return '[\\s\\S]*'
    if (plain === '_') return '[\\s\\S]'
    return `\\u{${((escaped ?? plain ?? '').codePointAt(0) ?? 0).toString(16)}}`
  })
  return new RegExp(`^(?:${source})$`, 'u').test(name)
}

test.each([
  ['release-*', ['release-%']],
  ['v?.[0-9]', ['v_._']],
  ['{dev,prod}-*, latest', ['dev-%', 'prod-%', 'latest']],
  ['a_b\\*%', ['a\\_b*\\%']],
  ['**', ['%']],
  ['', ['%']],
  ['a/**', ['%']],
  ['[\\]]x*', ['_x%']],
])('tags that %j means are like %j', (pattern, likenesses) => {
  expect(matching(pattern)).toEqual(likenesses)
})

test('of what cannot be told every tag is looked at', () => {
  expect(likenessesOf({ kind: 'regex', decoration: 'matches', pattern: 'v1' })).toEqual(['%'])
  expect(likenessesOf({ kind: 'doublestar', decoration: 'excludes', pattern: 'v1' })).toEqual(['%'])
})

test('no tag that a pattern means is left out', () => {
  const unit = fc.constantFrom('a', 'b', '-', '_', '%', '*', '?', '[', ']', '^', '{', '}', ',', '\\', '.')
  const name = fc.string({ unit: fc.constantFrom('a', 'b', '-', '_', '.'), minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 8 }), name, (pattern, tag) => {
      let test: ReturnType<typeof compilePattern>
      try {
        test = compilePattern('doublestar', pattern)
      } catch (error) {
        expect(error).toBeInstanceOf(PatternError)
        return
      }
      if (test(tag, [])) expect(matching(pattern).some((like) => isLike(tag, like))).toBe(true)
    }),
    { numRuns: 5000 },
  )
})
