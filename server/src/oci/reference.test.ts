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
