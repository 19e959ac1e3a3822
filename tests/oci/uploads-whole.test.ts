import { describe, expect, test } from 'vitest'
import { blob, unknownDigest } from '../harness/content.ts'
import { codesOf, locationOf, withQuery } from '../harness/registry.ts'
import type { Repository } from '../harness/repository.ts'
import { useSite } from '../harness/site.ts'

const site = useSite()

const octets = { 'Content-Type': 'application/octet-stream' }
const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i

function postWhole(repository: Repository, digest: string, body: Buffer) {
  return site.registry.send({
    method: 'POST',
    path: repository.at(`blobs/uploads/?digest=${digest}`),
    headers: octets,
    body,
  })
}

describe('POST, then PUT', () => {
  test('POST answers 202 with the place of an upload that carries a UUID', async () => {
    const repository = site.newRepository()

    const answer = await site.registry.send({ method: 'POST', path: repository.at('blobs/uploads/') })

    expect(answer.status).toBe(202)
    expect(locationOf(answer)).toMatch(uuid)
    expect(answer.headers['docker-upload-uuid']).toMatch(uuid)
    expect(answer.headers.range).toBe('0-0')
    expect(answer.body).toHaveLength(0)
  })

  test('two uploads have two places', async () => {
    const repository = site.newRepository()

    const first = await repository.startUpload()
    const second = await repository.startUpload()

    expect(first).not.toBe(second)
  })

  test('PUT answers 201 with the place and the digest of the blob', async () => {
    const repository = site.newRepository()
    const content = blob(5000)
    const location = await repository.startUpload()

    const answer = await site.registry.send({
      method: 'PUT',
      path: withQuery(location, { digest: content.digest }),
      headers: octets,
      body: content.bytes,
    })
    const pulled = await site.registry.get(locationOf(answer))

    expect(answer.status).toBe(201)
    expect(answer.headers['docker-content-digest']).toBe(content.digest)
    expect(pulled.status).toBe(200)
    expect(pulled.body.equals(content.bytes)).toBe(true)
  })

  test('PUT takes a body of unknown length', async () => {
    const repository = site.newRepository()
    const content = blob(5000)
    const location = await repository.startUpload()

    const answer = await site.registry.send({
      method: 'PUT',
      path: withQuery(location, { digest: content.digest }),
      headers: octets,
      body: inPieces(content.bytes, 700),
    })

    expect(answer.status).toBe(201)
  })

  test('PUT takes a body without a type', async () => {
    const repository = site.newRepository()
    const content = blob()
    const location = await repository.startUpload()

    const answer = await site.registry.send({
      method: 'PUT',
      path: withQuery(location, { digest: content.digest }),
      body: content.bytes,
    })

    expect(answer.status).toBe(201)
  })

  test.each(['application/json', 'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data'])(
    'PUT takes bytes that call themselves %s as they are',
    async (type) => {
      const repository = site.newRepository()
      const content = blob('{ "not": "parsed" ')
      const location = await repository.startUpload()

      const answer = await site.registry.send({
        method: 'PUT',
        path: withQuery(location, { digest: content.digest }),
        headers: { 'Content-Type': type },
        body: content.bytes,
      })

      expect(answer.status).toBe(201)
    },
  )

  test('the same blob can be pushed again', async () => {
    const repository = site.newRepository()
    const content = await repository.pushBlob()

    await repository.pushBlob(content)
    const answer = await site.registry.get(repository.at(`blobs/${content.digest}`))

    expect(answer.body.equals(content.bytes)).toBe(true)
  })

  test('many at once may push the same blob', async () => {
    const repository = site.newRepository()
    const content = blob(300_000)

    await Promise.all(Array.from({ length: 8 }, () => repository.pushBlob(content)))
    const answer = await site.registry.get(repository.at(`blobs/${content.digest}`))

    expect(answer.body.equals(content.bytes)).toBe(true)
  })

  test('a wrong digest is refused, and the bytes are not served', async () => {
    const repository = site.newRepository()
    const content = blob()
    const wrong = unknownDigest()
    const location = await repository.startUpload()

    const answer = await site.registry.send({
      method: 'PUT',
      path: withQuery(location, { digest: wrong }),
      headers: octets,
      body: content.bytes,
    })

    expect(answer.status).toBe(400)
    expect(codesOf(answer)).toEqual(['DIGEST_INVALID'])
    expect((await site.registry.head(repository.at(`blobs/${wrong}`))).status).toBe(404)
    expect((await site.registry.head(repository.at(`blobs/${content.digest}`))).status).toBe(404)
  })

  test.each(['', 'sha256:abc', 'nonsense', `md5:${'a'.repeat(32)}`, `sha256:${'A'.repeat(64)}`])(
    'PUT with the digest %j is refused with 400',
    async (digest) => {
      const repository = site.newRepository()
      const location = await repository.startUpload()

      const answer = await site.registry.send({
        method: 'PUT',
        path: withQuery(location, { digest }),
        headers: octets,
        body: 'bytes',
      })

      expect(answer.status).toBe(400)
      expect(codesOf(answer)).toEqual(['DIGEST_INVALID'])
    },
  )

  test('PUT without a digest is refused with 400', async () => {
    const repository = site.newRepository()
    const location = await repository.startUpload()

    const answer = await site.registry.send({ method: 'PUT', path: location, headers: octets, body: 'bytes' })

    expect(answer.status).toBe(400)
  })
})

describe('a single POST', () => {
  test('answers 201 with the place of the blob', async () => {
    const repository = site.newRepository()
    const content = blob(5000)

    const answer = await postWhole(repository, content.digest, content.bytes)
    const pulled = await site.registry.get(locationOf(answer))

    expect(answer.status).toBe(201)
    expect(answer.headers['docker-content-digest']).toBe(content.digest)
    expect(pulled.body.equals(content.bytes)).toBe(true)
  })

  test('takes an empty blob', async () => {
    const repository = site.newRepository()
    const content = blob('')

    const answer = await postWhole(repository, content.digest, content.bytes)

    expect(answer.status).toBe(201)
  })

  test('with a wrong digest is refused, and the bytes are not served', async () => {
    const repository = site.newRepository()
    const content = blob()
    const wrong = unknownDigest()

    const answer = await postWhole(repository, wrong, content.bytes)

    expect(answer.status).toBe(400)
    expect(codesOf(answer)).toEqual(['DIGEST_INVALID'])
    expect((await site.registry.head(repository.at(`blobs/${content.digest}`))).status).toBe(404)
  })

  test.each(['sha256:abc', 'nonsense', `md5:${'a'.repeat(32)}`])(
    'with the digest %j is refused with 400',
    async (digest) => {
      const answer = await postWhole(site.newRepository(), digest, Buffer.from('bytes'))

      expect(answer.status).toBe(400)
      expect(codesOf(answer)).toEqual(['DIGEST_INVALID'])
    },
  )
})

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += size) {
    yield bytes.subarray(start, start + size)
  }
}
