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

const like = (kind: string, pattern: string) => likenessesOf({ kind, decoration: 'matches', pattern })

test.each([
  ['v1', ['v1']],
  ['v\\d+\\.\\d+', ['v_%._%']],
  ['.*-rc\\d+', ['%-rc_%']],
  ['(?:dev|prod)-[a-z]{2,}', ['dev-_%', 'prod-_%']],
  ['^build_[^]x]?$', ['build\\_%']],
  ['a{0}b', ['%b']],
  ['a{,2}', ['a{,2}']],
  ['[[:alpha:]]x', ['_x']],
  ['(?P<name>a)b+?', ['ab%']],
  ['\\x41', ['%']],
  ['(?i)abc', ['%']],
  ['\\Qa.b\\E', ['%']],
  [`(${Array.from('abcdefghijklmnopq').join('|')})`, ['%']],
  ['a+b+c+d+e+f+g+h+i+', ['a%b%c%d%e%f%g%h%']],
])('names that the regular expression %j matches are like %j', (pattern, likenesses) => {
  expect(like('regex', pattern)).toEqual(likenesses)
})

test('versions have two dots, and of terms put together the one that says most counts', () => {
  expect(like('semver', '>=1')).toEqual(['%_._%._%'])
  const term = {
    and: [{ label: 'a' }, { or: [{ regex: 'v\\d' }, { doublestar: 'w*' }] }, { not: { regex: 'x' } }],
  }
  expect(like('expression', JSON.stringify(term))).toEqual(['v_', 'w%'])
  expect(like('expression', JSON.stringify({ or: [{ regex: 'v' }, { label: 'a' }] }))).toEqual(['v', '%'])
})

test('of what cannot be told every tag is looked at', () => {
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

/** Sources of the usual part of the syntax, put together in any way. */
const { source } = fc.letrec<{ source: string; term: string; piece: string }>((tie) => ({
  piece: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(
      'a',
      'b',
      '-',
      '_',
      '\\.',
      '.',
      '%',
      '\\d',
      '\\w',
      '[ab]',
      '[^a]',
      '[a-c_]',
      '^',
      '$',
      '\\b',
      '\\x41',
      '{',
    ),
    fc.tuple(fc.constantFrom('(', '(?:', '(?P<n>'), tie('source')).map(([open, inner]) => `${open}${inner})`),
  ),
  term: fc
    .tuple(tie('piece'), fc.constantFrom('', '', '', '*', '+', '?', '{2}', '{0,1}', '{1,}', '*?'))
    .map(([piece, quantifier]) => piece + quantifier),
  source: fc
    .array(fc.array(tie('term'), { maxLength: 4 }), { minLength: 1, maxLength: 3 })
    .map((branches) => branches.map((terms) => terms.join('')).join('|')),
}))

test('no tag that a regular expression means is left out', () => {
  const name = fc.string({
    unit: fc.constantFrom('a', 'b', 'c', '-', '_', '.', '1', 'A', '{', '%'),
    maxLength: 6,
  })
  let matched = 0
  fc.assert(
    fc.property(source, fc.array(name, { minLength: 5, maxLength: 5 }), (pattern, tags) => {
      let test: ReturnType<typeof compilePattern>
      try {
        test = compilePattern('regex', pattern)
      } catch (error) {
        expect(error).toBeInstanceOf(PatternError)
        return
      }
      for (const tag of tags) {
        if (!test(tag, [])) continue
        matched += 1
        expect(like('regex', pattern).some((one) => isLike(tag, one))).toBe(true)
      }
    }),
    { numRuns: 5000 },
  )
  expect(matched).toBeGreaterThan(50)
})
