import { describe, expect, test } from 'vitest'
import { blob, unknownDigest } from '../harness/content.ts'
import type { Answer } from '../harness/http.ts'
import { codesOf, locationOf, withQuery } from '../harness/registry.ts'
import { useSite } from '../harness/site.ts'

const site = useSite()

const octets = { 'Content-Type': 'application/octet-stream' }

function close(location: string, digest: string, body?: Buffer): Promise<Answer> {
  return site.registry.send({
    method: 'PUT',
    path: withQuery(location, { digest }),
    headers: octets,
    ...(body === undefined ? {} : { body }),
  })
}

describe('streams without ranges', () => {
  test('a stream of unknown length is taken and closed', async () => {
    const repository = site.newRepository()
    const content = blob(100_000)

    const streamed = await site.registry.send({
      method: 'PATCH',
      path: await repository.startUpload(),
      headers: octets,
      body: inPieces(content.bytes),
    })
    const closed = await close(locationOf(streamed), content.digest)
    const pulled = await site.registry.get(locationOf(closed))

    expect(streamed.status).toBe(202)
    expect(streamed.headers.range).toBe('0-99999')
    expect(closed.status).toBe(201)
    expect(pulled.body.equals(content.bytes)).toBe(true)
  })

  test('a second stream is put behind the first', async () => {
    const repository = site.newRepository()
    const content = blob(1000)
    const first = await site.registry.send({
      method: 'PATCH',
      path: await repository.startUpload(),
      body: content.bytes.subarray(0, 600),
    })

    const second = await site.registry.send({
      method: 'PATCH',
      path: locationOf(first),
      body: content.bytes.subarray(600),
    })
    const closed = await close(locationOf(second), content.digest)

    expect(second.headers.range).toBe('0-999')
    expect(closed.status).toBe(201)
  })

  test('the closing PUT may bring the rest of a stream', async () => {
    const repository = site.newRepository()
    const content = blob(1000)
    const first = await site.registry.send({
      method: 'PATCH',
      path: await repository.startUpload(),
      body: content.bytes.subarray(0, 600),
    })

    const closed = await close(locationOf(first), content.digest, content.bytes.subarray(600))

    expect(closed.status).toBe(201)
  })

  test('an empty stream changes nothing', async () => {
    const repository = site.newRepository()
    const content = blob(100)
    const empty = await site.registry.send({ method: 'PATCH', path: await repository.startUpload() })

    const closed = await close(locationOf(empty), content.digest, content.bytes)

    expect(empty.status).toBe(202)
    expect(closed.status).toBe(201)
  })

  test('whose digest is wrong in the end is refused', async () => {
    const repository = site.newRepository()
    const streamed = await site.registry.send({
      method: 'PATCH',
      path: await repository.startUpload(),
      body: inPieces(blob(5000).bytes),
    })

    const closed = await close(locationOf(streamed), unknownDigest())

    expect(closed.status).toBe(400)
    expect(codesOf(closed)).toEqual(['DIGEST_INVALID'])
  })
})

async function* inPieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += 9000) {
    yield bytes.subarray(start, start + 9000)
  }
}
