import { expect, test } from 'vitest'
import { blob, unknownDigest } from '../harness/content.ts'
import { codesOf, fetchToken } from '../harness/registry.ts'
import { useSite } from '../harness/site.ts'

const site = useSite()

test('GET answers the very bytes that were pushed, with their digest and length', async () => {
  const repository = site.newRepository()
  const pushed = await repository.pushBlob(blob(70_000))

  const answer = await site.registry.get(repository.at(`blobs/${pushed.digest}`))

  expect(answer.status).toBe(200)
  expect(answer.body.equals(pushed.bytes)).toBe(true)
  expect(answer.headers['docker-content-digest']).toBe(pushed.digest)
  expect(answer.headers['content-length']).toBe('70000')
})

test('HEAD answers digest and length without the bytes', async () => {
  const repository = site.newRepository()
  const pushed = await repository.pushBlob(blob(1234))

  const answer = await site.registry.head(repository.at(`blobs/${pushed.digest}`))

  expect(answer.status).toBe(200)
  expect(answer.headers['docker-content-digest']).toBe(pushed.digest)
  expect(answer.headers['content-length']).toBe('1234')
  expect(answer.body).toHaveLength(0)
})

test('an empty blob can be pushed and pulled', async () => {
  const repository = site.newRepository()
  const pushed = await repository.pushBlob(blob(''))

  const head = await site.registry.head(repository.at(`blobs/${pushed.digest}`))
  const answer = await site.registry.get(repository.at(`blobs/${pushed.digest}`))

  expect(head.headers['content-length']).toBe('0')
  expect(answer.status).toBe(200)
  expect(answer.headers['content-length']).toBe('0')
  expect(answer.body).toHaveLength(0)
})

test('a blob of many megabytes comes back whole', async () => {
  const repository = site.newRepository()
  const pushed = await repository.pushBlob(blob(20 * 1024 * 1024 + 7))

  const answer = await site.registry.get(repository.at(`blobs/${pushed.digest}`))

  expect(answer.body.equals(pushed.bytes)).toBe(true)
})

test('a blob may be cached for ever, because its name is its content', async () => {
  const repository = site.newRepository()
  const pushed = await repository.pushBlob()

  const answer = await site.registry.get(repository.at(`blobs/${pushed.digest}`))

  expect(answer.headers.etag).toBe(`"${pushed.digest}"`)
  expect(answer.headers['accept-ranges']).toBe('bytes')
})

test('GET of a blob that nobody pushed answers 404 BLOB_UNKNOWN', async () => {
  const repository = site.newRepository()
  await repository.pushBlob()

  const answer = await site.registry.get(repository.at(`blobs/${unknownDigest()}`))

  expect(answer.status).toBe(404)
  expect(codesOf(answer)).toEqual(['BLOB_UNKNOWN'])
})

test('HEAD of a blob that nobody pushed answers 404 without a body', async () => {
  const repository = site.newRepository()
  await repository.pushBlob()

  const answer = await site.registry.head(repository.at(`blobs/${unknownDigest()}`))

  expect(answer.status).toBe(404)
  expect(answer.body).toHaveLength(0)
})

test('a blob of another repository is not served here', async () => {
  const pushed = await site.newRepository().pushBlob()
  const repository = site.newRepository()
  await repository.pushBlob()

  const answer = await site.registry.get(repository.at(`blobs/${pushed.digest}`))

  expect(answer.status).toBe(404)
})

test('a blob in a repository that does not exist answers 404', async () => {
  const answer = await site.registry.get(site.newRepository().at(`blobs/${unknownDigest()}`))

  expect(answer.status).toBe(404)
})

test.each([
  'sha256:abc',
  'sha256:',
  'sha256',
  `sha256:${'g'.repeat(64)}`,
  `sha256:${'A'.repeat(64)}`,
  `sha512:${'a'.repeat(64)}`,
  `md5:${'a'.repeat(32)}`,
  '%00',
])('GET of a blob by the malformed digest %j answers 400 DIGEST_INVALID or 404', async (digest) => {
  const repository = site.newRepository()
  await repository.pushBlob()

  const answer = await site.registry.get(repository.at(`blobs/${digest}`))

  expect([400, 404]).toContain(answer.status)
  expect(['DIGEST_INVALID', 'BLOB_UNKNOWN', 'UNSUPPORTED']).toEqual(expect.arrayContaining(codesOf(answer)))
})

test('the colon of a digest may come percent-encoded', async () => {
  const repository = site.newRepository()
  const pushed = await repository.pushBlob()

  const answer = await site.registry.get(repository.at(`blobs/${encodeURIComponent(pushed.digest)}`))

  expect(answer.status).toBe(200)
})

test('a blob is not served as a manifest', async () => {
  const repository = site.newRepository()
  const { layers } = await repository.pushImage('latest')

  const answer = await site.registry.head(repository.at(`manifests/${layers[0]?.digest}`))

  expect(answer.status).toBe(404)
})

test('whoever comes again with his token gets the same blob in the same way, until it is deleted', async () => {
  const repository = site.newRepository()
  const bodies = [blob(''), blob('a configuration'), blob(20_000), blob(64 * 1024), blob(3 * 1024 * 1024 + 7)]
  for (const pushed of bodies) {
    await repository.pushBlob(pushed)
    const path = repository.at(`blobs/${pushed.digest}`)
    const challenge = await site.registry.as().get(path)
    const token = await fetchToken(site.registry, String(challenge.headers['www-authenticate']))
    const holder = site.registry.as({ token })
    // A condition that does not hold changes nothing.
    const first = await holder.get(path, { 'If-None-Match': '"other"' })
    const { date: _first, ...expected } = first.headers

    for (const answer of [await holder.get(path), await holder.head(path), await holder.get(path)]) {
      const { date: _now, ...headers } = answer.headers
      expect(answer.status).toBe(200)
      expect(headers).toEqual(expected)
    }
    expect((await holder.get(path)).body.equals(pushed.bytes)).toBe(true)
    const part = await holder.get(path, { Range: 'bytes=3-5' })
    expect(part.status).toBe(pushed.bytes.length === 0 ? 416 : 206)

    await site.registry.delete(path)
    for (const gone of [await holder.get(path), await holder.head(path)]) expect(gone.status).toBe(404)
  }
})
