import { describe, expect, test } from 'vitest'
import { blob, type Content, unknownDigest } from '../harness/content.ts'
import type { Answer } from '../harness/http.ts'
import { codesOf, locationOf, withQuery } from '../harness/registry.ts'
import { useSite } from '../harness/site.ts'

const site = useSite()

const octets = { 'Content-Type': 'application/octet-stream' }

function patch(location: string, content: Content, first: number, end: number): Promise<Answer> {
  return site.registry.send({
    method: 'PATCH',
    path: location,
    headers: { ...octets, 'Content-Range': `${first}-${end - 1}` },
    body: content.bytes.subarray(first, end),
  })
}

function close(location: string, digest: string, body?: Buffer, range?: string): Promise<Answer> {
  return site.registry.send({
    method: 'PUT',
    path: withQuery(location, { digest }),
    headers: range === undefined ? octets : { ...octets, 'Content-Range': range },
    ...(body === undefined ? {} : { body }),
  })
}

describe('chunks with their ranges', () => {
  test('each answers 202 with the next place and all that has arrived', async () => {
    const repository = site.newRepository()
    const content = blob(3000)
    const start = await repository.startUpload()

    const first = await patch(start, content, 0, 1000)
    const second = await patch(locationOf(first), content, 1000, 2000)

    expect([first.status, second.status]).toEqual([202, 202])
    expect([first.headers.range, second.headers.range]).toEqual(['0-999', '0-1999'])
    expect(second.headers['docker-upload-uuid']).toBe(first.headers['docker-upload-uuid'])
  })

  test('make a blob when a PUT without a body closes them', async () => {
    const repository = site.newRepository()
    const content = blob(3000)
    const first = await patch(await repository.startUpload(), content, 0, 1000)
    const second = await patch(locationOf(first), content, 1000, 3000)

    const closed = await close(locationOf(second), content.digest)
    const pulled = await site.registry.get(locationOf(closed))

    expect(closed.status).toBe(201)
    expect(closed.headers['docker-content-digest']).toBe(content.digest)
    expect(pulled.body.equals(content.bytes)).toBe(true)
  })

  test('make a blob when the PUT brings the last of them', async () => {
    const repository = site.newRepository()
    const content = blob(3000)
    const first = await patch(await repository.startUpload(), content, 0, 2000)

    const closed = await close(locationOf(first), content.digest, content.bytes.subarray(2000), '2000-2999')
    const pulled = await site.registry.get(repository.at(`blobs/${content.digest}`))

    expect(closed.status).toBe(201)
    expect(pulled.body.equals(content.bytes)).toBe(true)
  })

  test('may be a single one', async () => {
    const repository = site.newRepository()
    const content = blob(512)
    const only = await patch(await repository.startUpload(), content, 0, 512)

    const closed = await close(locationOf(only), content.digest)

    expect(closed.status).toBe(201)
  })

  test('of one byte each are taken too', async () => {
    const repository = site.newRepository()
    const content = blob(5)
    let location = await repository.startUpload()

    for (let at = 0; at < 5; at += 1) {
      location = locationOf(await patch(location, content, at, at + 1))
    }
    const closed = await close(location, content.digest)

    expect(closed.status).toBe(201)
  })

  test('none at all make the empty blob', async () => {
    const repository = site.newRepository()

    const closed = await close(await repository.startUpload(), blob('').digest)

    expect(closed.status).toBe(201)
  })

  test('whose digest is wrong in the end are refused, and the bytes are not served', async () => {
    const repository = site.newRepository()
    const content = blob(3000)
    const only = await patch(await repository.startUpload(), content, 0, 3000)

    const closed = await close(locationOf(only), unknownDigest())

    expect(closed.status).toBe(400)
    expect(codesOf(closed)).toEqual(['DIGEST_INVALID'])
    expect((await site.registry.head(repository.at(`blobs/${content.digest}`))).status).toBe(404)
  })

  test('name a minimum length that a client can keep, if they name one', async () => {
    const repository = site.newRepository()

    const answer = await site.registry.send({ method: 'POST', path: repository.at('blobs/uploads/') })

    expect(Number(answer.headers['oci-chunk-min-length'] ?? 0)).toBeLessThanOrEqual(16 * 1024 * 1024)
  })
})

describe('chunks out of order', () => {
  test('the first must begin at 0', async () => {
    const repository = site.newRepository()
    const content = blob(3000)

    const answer = await patch(await repository.startUpload(), content, 1000, 2000)

    expect(answer.status).toBe(416)
  })

  test('none may be skipped', async () => {
    const repository = site.newRepository()
    const content = blob(3000)
    const first = await patch(await repository.startUpload(), content, 0, 1000)

    const answer = await patch(locationOf(first), content, 2000, 3000)

    expect(answer.status).toBe(416)
  })

  test('none may come twice', async () => {
    const repository = site.newRepository()
    const content = blob(3000)
    const first = await patch(await repository.startUpload(), content, 0, 1000)

    const answer = await patch(locationOf(first), content, 0, 1000)

    expect(answer.status).toBe(416)
  })

  test('the last, in the closing PUT, is refused the same way', async () => {
    const repository = site.newRepository()
    const content = blob(3000)
    const first = await patch(await repository.startUpload(), content, 0, 1000)

    const answer = await close(locationOf(first), content.digest, content.bytes.subarray(2000), '2000-2999')

    expect(answer.status).toBe(416)
    expect((await site.registry.head(repository.at(`blobs/${content.digest}`))).status).toBe(404)
  })

  test('a refusal tells where to go on, and going on there succeeds', async () => {
    const repository = site.newRepository()
    const content = blob(3000)
    const first = await patch(await repository.startUpload(), content, 0, 1000)
    const refused = await patch(locationOf(first), content, 2000, 3000)

    const status = await site.registry.get(locationOf(first))
    const rest = await patch(locationOf(status), content, 1000, 3000)
    const closed = await close(locationOf(rest), content.digest)

    expect(refused.headers.range).toBe('0-999')
    expect(status.status).toBe(204)
    expect(status.headers.range).toBe('0-999')
    expect(closed.status).toBe(201)
  })

  test('after a closing PUT that was refused the upload can still be closed', async () => {
    const repository = site.newRepository()
    const content = blob(3000)
    const first = await patch(await repository.startUpload(), content, 0, 1000)
    await close(locationOf(first), content.digest, content.bytes.subarray(2000), '2000-2999')

    const status = await site.registry.get(locationOf(first))
    const closed = await close(locationOf(status), content.digest, content.bytes.subarray(1000), '1000-2999')

    expect(closed.status).toBe(201)
  })

  test.each(['0-', '-9', '9-0', 'a-b', '0-9,10-19', '0-99999999999999999999'])(
    'the Content-Range %j is refused',
    async (range) => {
      const repository = site.newRepository()

      const answer = await site.registry.send({
        method: 'PATCH',
        path: await repository.startUpload(),
        headers: { ...octets, 'Content-Range': range },
        body: '0123456789',
      })

      expect([400, 416]).toContain(answer.status)
    },
  )

  test.each(['0-4', '0-19'])('the Content-Range %s of ten bytes is refused', async (range) => {
    const repository = site.newRepository()

    const answer = await site.registry.send({
      method: 'PATCH',
      path: await repository.startUpload(),
      headers: { ...octets, 'Content-Range': range },
      body: '0123456789',
    })

    expect([400, 416]).toContain(answer.status)
  })
})
