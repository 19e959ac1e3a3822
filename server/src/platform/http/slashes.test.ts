import { expect, test } from 'vitest'
import { collapseSlashes } from './slashes.ts'

test.each([
  ['//api/v2.0//ping', '/api/v2.0/ping'],
  ['/v2///library//hello/manifests/latest', '/v2/library/hello/manifests/latest'],
  ['/plain', '/plain'],
  ['/a//b?next=//c//d', '/a/b?next=//c//d'],
  ['/a?u=http://x//y', '/a?u=http://x//y'],
  ['http://host:8080/v2//', '/v2/'],
  ['http://host', '/'],
  ['*', '*'],
])('%s becomes %s', (url, expected) => {
  expect(collapseSlashes({ url })).toBe(expected)
})
