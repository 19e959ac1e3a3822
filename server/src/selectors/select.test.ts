import fc from 'fast-check'
import { expect, test } from 'vitest'
import { leastProcessorTimeOf } from '../lib/testing-time.ts'
import { PatternError } from './doublestar.ts'
import { compilePattern } from './pattern.ts'
import { compileArtifactSelector, compileRepositorySelector, compileTagSelector } from './select.ts'

const candidate = (...tags: string[]) => ({ repository: 'app', tags, labels: ['keep'] })
const select = (decoration: string, pattern: string, extras?: string) =>
  compileArtifactSelector({
    kind: 'doublestar',
    decoration,
    pattern,
    ...(extras === undefined ? {} : { extras }),
  })

test('an artifact is meant if any of its tags is', () => {
  expect(select('matches', 'v*')(candidate('dev', 'v1'))).toBe(true)
  expect(select('matches', 'v*')(candidate('dev'))).toBe(false)
  expect(select('excludes', 'v*')(candidate('dev', 'v1'))).toBe(true)
  expect(select('excludes', 'v*')(candidate('v1'))).toBe(false)
})

test('artifacts without tags are meant by what matches and not by what excludes, unless said otherwise', () => {
  expect(select('matches', 'v*')(candidate())).toBe(true)
  expect(select('matches', 'v*', '{"untagged":false}')(candidate())).toBe(false)
  expect(select('matches', 'v*', '{}')(candidate())).toBe(true)
  expect(select('excludes', 'v*')(candidate())).toBe(false)
  expect(select('excludes', 'v*', '{"untagged":true}')(candidate())).toBe(true)
})

test('repositories are chosen by their names in the project', () => {
  const repository = (decoration: string) =>
    compileRepositorySelector({ kind: 'doublestar', decoration, pattern: 'team/**' })

  expect(repository('repoMatches')('team/a/b')).toBe(true)
  expect(repository('repoExcludes')('team/a/b')).toBe(false)
  expect(repository('repoExcludes')('app')).toBe(true)
})

test('versions are compared as such', () => {
  const range = compilePattern('semver', '>=1.2.0 <2')

  expect(['v1.2.0', '1.10.3', '1.2', 'v2.0.0', 'latest', '1.3.0-rc1'].map((tag) => range(tag, []))).toEqual([
    true,
    true,
    false,
    false,
    false,
    false,
  ])
})

test('a regular expression means the whole name, and costs no time that grows faster than the name', async () => {
  expect(compilePattern('regex', 'v|w')('vw', [])).toBe(false)
  const evil = compilePattern('regex', '(a+)+b')
  const time = (length: number) => {
    const name = 'a'.repeat(length)
    return leastProcessorTimeOf(() => expect(evil(name, [])).toBe(false))
  }

  // One that goes back and forth takes twice as long for each letter: seconds already here.
  expect(await time(28)).toBeLessThan(500)
  expect((await time(400_000)) / (await time(200_000))).toBeLessThan(3)
})

test('expressions put selectors together', () => {
  const pattern = JSON.stringify({
    and: [
      { or: [{ semver: '>=1.0.0' }, { doublestar: 'release-*' }] },
      { not: { regex: '.*-old' } },
      { label: 'keep' },
    ],
  })
  const tag = compileTagSelector({ kind: 'expression', decoration: 'matches', pattern })

  expect(tag('1.2.3', ['keep'])).toBe(true)
  expect(tag('release-7', ['keep', 'x'])).toBe(true)
  expect(tag('release-7', [])).toBe(false)
  expect(tag('release-7-old', ['keep'])).toBe(false)
})

test('and, or and not follow the laws of logic', () => {
  const leaf = fc.constantFrom({ doublestar: 'a*' }, { regex: 'a?b+' }, { semver: '1.x' }, { label: 'l' })
  const name = fc.constantFrom('a', 'ab', 'b', '1.0.0', 'z')
  const run = (term: object, text: string) => compilePattern('expression', JSON.stringify(term))(text, ['l'])
  fc.assert(
    fc.property(leaf, leaf, name, (p, q, text) => {
      expect(run({ not: { and: [p, q] } }, text)).toBe(run({ or: [{ not: p }, { not: q }] }, text))
      expect(run({ or: [p, { not: p }] }, text)).toBe(true)
      expect(run({ and: [p, q] }, text)).toBe(run(p, text) && run(q, text))
    }),
  )
})

test.each([
  ['regex', '('],
  ['regex', '(?=a)'],
  ['semver', 'new'],
  ['expression', 'nonsense'],
  ['expression', '{}'],
  ['expression', '{"and":[]}'],
  ['expression', '{"and":[{"doublestar":1}]}'],
  ['expression', '{"expression":"{}"}'],
  ['expression', JSON.stringify({ or: Array(70).fill({ label: 'a' }) })],
  ['moon', 'x'],
])('%s %j is refused', (kind, pattern) => {
  expect(() => compilePattern(kind, pattern)).toThrow(PatternError)
})

test('decorations and extras that nobody knows are refused', () => {
  expect(() => select('loves', 'x')).toThrow(PatternError)
  expect(() => select('matches', 'x', 'nonsense')).toThrow(PatternError)
  expect(() =>
    compileRepositorySelector({ kind: 'doublestar', decoration: 'matches', pattern: 'x' }),
  ).toThrow(PatternError)
})
