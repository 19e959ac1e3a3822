import { describe, expect, test } from 'vitest'
import { IMAGE, unknownDigest } from '../harness/content.ts'
import { json } from '../harness/http.ts'
import { codesOf } from '../harness/registry.ts'
import type { Repository } from '../harness/repository.ts'
import { useSite } from '../harness/site.ts'

const site = useSite()

/** All that the specification allows, with the two older ones that it tells clients to expect. */
const allowed = [
  'BLOB_UNKNOWN',
  'BLOB_UPLOAD_INVALID',
  'BLOB_UPLOAD_UNKNOWN',
  'DIGEST_INVALID',
  'MANIFEST_BLOB_UNKNOWN',
  'MANIFEST_INVALID',
  'MANIFEST_UNKNOWN',
  'NAME_INVALID',
  'NAME_UNKNOWN',
  'SIZE_INVALID',
  'UNAUTHORIZED',
  'DENIED',
  'UNSUPPORTED',
  'TOOMANYREQUESTS',
  'TAG_INVALID',
  'MANIFEST_UNVERIFIED',
]

type Mistake = [
  what: string,
  method: string,
  rest: string | ((repository: Repository) => Promise<string>),
  statuses: number[],
  body?: string,
]

const mistakes: Mistake[] = [
  ['an unknown blob', 'GET', `blobs/${unknownDigest()}`, [404]],
  ['a malformed digest of a blob', 'GET', 'blobs/sha256:abc', [400, 404]],
  ['an unknown manifest', 'GET', 'manifests/none', [404]],
  ['a malformed digest of a manifest', 'GET', 'manifests/sha256:abc', [400, 404]],
  ['a manifest that is not JSON', 'PUT', 'manifests/v1', [400], 'this is not JSON'],
  ['an empty manifest', 'PUT', 'manifests/v1', [400], ''],
  ['a manifest that is a list', 'PUT', 'manifests/v1', [400], '[]'],
  ['a manifest of an unknown schema', 'PUT', 'manifests/v1', [400], '{"schemaVersion":1}'],
  ['a malformed tag', 'PUT', 'manifests/-bad', [400, 404], '{}'],
  ['an unknown upload', 'GET', 'blobs/uploads/11111111-1111-4111-8111-111111111111', [404]],
  ['a mistyped upload', 'PATCH', 'blobs/uploads/nonsense', [400, 404]],
  ['a malformed digest of an upload', 'POST', 'blobs/uploads/?digest=sha256:abc', [400]],
  ['an unknown algorithm', 'POST', 'blobs/uploads/?digest-algorithm=md5', [400]],
  ['a chunk out of order', 'PATCH', (repository) => inUploads(repository), [416], '0123456789'],
  ['a malformed number of tags', 'GET', 'tags/list?n=x', [400]],
  ['referrers of a tag', 'GET', 'referrers/v1', [400]],
  ['a path that leads nowhere', 'GET', 'nothing/here', [404]],
  ['a method that a manifest does not know', 'POST', 'manifests/v1', [404, 405]],
  ['a method that tags do not know', 'DELETE', 'tags/list', [404, 405]],
  ['a method that a blob does not know', 'PUT', `blobs/${unknownDigest()}`, [404, 405]],
]

async function inUploads(repository: Repository): Promise<string> {
  return (await repository.startUpload()).replace(`/v2/${repository.name}/`, '')
}

test.each(mistakes)(
  '%s is answered in the form of the specification',
  async (_, method, rest, statuses, body) => {
    const repository = site.newRepository()
    await repository.pushImage('latest')
    const path = repository.at(typeof rest === 'string' ? rest : await rest(repository))

    const answer = await site.registry.send({
      method,
      path,
      headers: { 'Content-Type': IMAGE, ...(method === 'PATCH' ? { 'Content-Range': '50-59' } : {}) },
      ...(body === undefined ? {} : { body }),
    })

    expect(statuses).toContain(answer.status)
    expect(answer.headers['content-type']).toMatch(/^application\/json/)
    expect(codesOf(answer).length).toBeGreaterThan(0)
    expect(codesOf(answer).filter((code) => !allowed.includes(code))).toEqual([])
  },
)

test('every error has a message for people', async () => {
  const answer = await site.registry.get(site.newRepository().at('manifests/none'))

  expect(json(answer)).toMatchObject({ errors: [{ message: expect.stringMatching(/\w/) }] })
})

test('an error tells nothing of the inside of the server', async () => {
  const answer = await site.registry.get(site.newRepository().at('blobs/sha256:abc'))

  expect(answer.body.toString('utf8')).not.toMatch(/\.ts\b|node_modules|SELECT|stack/i)
})

describe('names that cannot be', () => {
  test.each([
    'UPPER/case',
    'a//b',
    'a/-b',
    'a/b-',
    'a/.b',
    'a/b..c',
    'a/___b',
    'a/%2e%2e/b',
    'a/%C3%BC',
    'a/%00',
    'a/b%20c',
    `a/${'x'.repeat(300)}`,
  ])('%j is refused for reading', async (name) => {
    const answer = await site.registry.get(`/v2/${name}/tags/list`)

    expect([400, 401, 404]).toContain(answer.status)
    expect(codesOf(answer).filter((code) => !allowed.includes(code))).toEqual([])
  })

  test.each(['Upper', 'x--', '-x', '.x', 'x..y', '___x', 'ü', '%00', 'x%20y', 'x'.repeat(300)])(
    '%j in a project is refused for writing',
    async (name) => {
      const answer = await site.registry.send({
        method: 'POST',
        path: `/v2/${site.project}/${encodeURI(name)}/blobs/uploads/`,
      })

      expect([400, 404]).toContain(answer.status)
    },
  )

  test.each(['a', 'a.b', 'a_b', 'a__b', 'a-b', 'a---b', '0', 'a/b/c/d/e/f'])(
    'but %j in a project is a good name',
    async (name) => {
      const answer = await site.registry.send({
        method: 'POST',
        path: `/v2/${site.project}/${name}/blobs/uploads/`,
      })

      expect(answer.status).toBe(202)
    },
  )

  test('a name outside all projects is refused', async () => {
    const answer = await site.registry.send({ method: 'POST', path: '/v2/alone/blobs/uploads/' })

    expect([400, 401, 403, 404]).toContain(answer.status)
  })

  test('a project that does not exist is refused', async () => {
    const answer = await site.registry.send({
      method: 'POST',
      path: '/v2/no-such-project/app/blobs/uploads/',
    })

    expect([401, 403, 404]).toContain(answer.status)
  })
})
