import { expect, test } from 'vitest'
import { matchTarget } from './endpoints.ts'

test.each([
  ['GET', '/v2/', 'base', '', ''],
  ['GET', '/v2', 'base', '', ''],
  ['GET', '/v2/_catalog', 'catalog', '', ''],
  ['GET', '/v2/p/a/tags/list', 'tags', 'p/a', ''],
  ['HEAD', '/v2/p/a/b/manifests/v1', 'manifest-get', 'p/a/b', 'v1'],
  ['PUT', '/v2/p/manifests/manifests/v1', 'manifest-put', 'p/manifests', 'v1'],
  ['DELETE', '/v2/p/a/manifests/sha256:ab', 'manifest-delete', 'p/a', 'sha256:ab'],
  ['GET', '/v2/p/a/blobs/sha256%3Aab', 'blob-get', 'p/a', 'sha256:ab'],
  ['POST', '/v2/p/a/blobs/uploads/', 'upload-start', 'p/a', ''],
  ['POST', '/v2/p/a/blobs/uploads', 'upload-start', 'p/a', ''],
  ['PATCH', '/v2/p/blobs/uploads/blobs/uploads/id', 'upload-chunk', 'p/blobs/uploads', 'id'],
  ['GET', '/v2/p/a/referrers/sha256:ab', 'referrers', 'p/a', 'sha256:ab'],
])('%s %s is %s of %j, %j', (method, path, endpoint, name, reference) => {
  expect(matchTarget(method, path)).toEqual({ endpoint, name, reference })
})

test('a known path with another method tells the methods it has', () => {
  expect(matchTarget('POST', '/v2/p/a/manifests/v1')).toEqual({ allowed: ['GET', 'HEAD', 'PUT', 'DELETE'] })
})

test.each(['/v2/p/a/nothing/here', '/v2/%zz', '/v2/tags/list', '/v1/'])('%s is none of ours', (path) => {
  expect(matchTarget('GET', path)).toBeUndefined()
})
