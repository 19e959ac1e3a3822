import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isDigest, looksLikeDigest } from './digest.ts'
import { isTag, parseRepositoryName } from './reference.ts'

test('a repository name begins with its project', () => {
  expect(parseRepositoryName('team/apps/web__ui')).toEqual({
    full: 'team/apps/web__ui',
    project: 'team',
    repository: 'apps/web__ui',
  })
})

test.each([
  'app',
  'Team/app',
  'team//app',
  '/team/app',
  'team/app/',
  'team/-app',
  'a/b..c',
  `a/${'b'.repeat(254)}`,
  'a/b\n',
])('%j is no repository name', (name) => {
  expect(parseRepositoryName(name)).toBeUndefined()
})

test.each([
  ['latest', true],
  ['_1.0-rc', true],
  ['a'.repeat(128), true],
  ['a'.repeat(129), false],
  ['-bad', false],
  ['.bad', false],
  ['a:b', false],
  ['', false],
])('%j as a tag: %j', (tag, valid) => {
  expect(isTag(tag)).toBe(valid)
})

test.each([
  [`sha256:${'a'.repeat(64)}`, true, true],
  [`sha512:${'0'.repeat(128)}`, true, true],
  [`sha256:${'A'.repeat(64)}`, false, true],
  ['sha256:abc', false, true],
  ['blake3:abc', false, true],
  ['sha256', false, false],
  ['sha256:', false, false],
])('%j: supported %j, has the form %j', (text, supported, form) => {
  expect(isDigest(text)).toBe(supported)
  expect(looksLikeDigest(text)).toBe(form)
})

/** What names, tags and digests are made of, and what is near to it. */
const near = fc.string({ unit: fc.constantFrom(...'ab09._-/:A@%+= \n\u00e4'), maxLength: 40 })

/** The grammar once more, letter by letter: runs of letters and digits, between them a dot, one or two underscores, or dashes. */
function isComponent(text: string): boolean {
  const pieces = text.split(/([a-z0-9]+)/)
  const between = pieces.filter((_, at) => at % 2 === 0)
  return (
    pieces.length > 1 &&
    between[0] === '' &&
    between.at(-1) === '' &&
    between.slice(1, -1).every((text) => text === '.' || text === '_' || text === '__' || /^-+$/.test(text))
  )
}

test('a repository name is what the grammar says, and taken apart it is still all there', () => {
  fc.assert(
    fc.property(near, (text) => {
      const components = text.split('/')
      const parsed = parseRepositoryName(text)

      expect(parsed !== undefined).toBe(components.length > 1 && components.every(isComponent))
      if (parsed) expect(`${parsed.project}/${parsed.repository}`).toBe(text)
    }),
    { numRuns: 2000 },
  )
})

test('a tag and a digest are never each other, nor part of a path', () => {
  fc.assert(
    fc.property(near, (text) => {
      if (isTag(text)) expect(text).not.toMatch(/[^\w.-]|^[.-]/)
      if (isDigest(text) || looksLikeDigest(text)) {
        expect(isTag(text)).toBe(false)
        expect(text).not.toMatch(/[/\s%]|\.\./)
      }
    }),
    { numRuns: 2000 },
  )
})

// Were it more than linear, this would take minutes.
test('text that is nearly a name takes no longer than its length', () => {
  for (const text of ['a-', 'a_', 'a', '-', 'a.', 'a/'].map((piece) => `${piece.repeat(100_000)}!`)) {
    expect(parseRepositoryName(`a/${text.slice(0, 252)}!`)).toBe(undefined)
    expect([isTag(text), isDigest(text), looksLikeDigest(`${text.slice(0, 500)}:`)]).toEqual([
      false,
      false,
      false,
    ])
  }
})
