import net from 'node:net'
import { describe, expect, test } from 'vitest'
import { blob, type Content, unknownDigest } from '../harness/content.ts'
import { type Answer, json } from '../harness/http.ts'
import { codesOf, locationOf, withQuery } from '../harness/registry.ts'
import { useSite } from '../harness/site.ts'

const site = useSite()

const nobodysUpload = 'blobs/uploads/11111111-1111-4111-8111-111111111111'

describe('the state of an upload', () => {
  test('that has no bytes yet answers 204 with its place', async () => {
    const repository = site.newRepository()
    const location = await repository.startUpload()

    const answer = await site.registry.get(location)

    expect(answer.status).toBe(204)
    expect(locationOf(answer)).toContain('/blobs/uploads/')
    expect(answer.headers.range).toBe('0-0')
  })

  test('that has bytes answers how many', async () => {
    const repository = site.newRepository()
    const begun = await site.registry.send({
      method: 'PATCH',
      path: await repository.startUpload(),
      body: blob(777).bytes,
    })

    const answer = await site.registry.get(locationOf(begun))

    expect(answer.status).toBe(204)
    expect(answer.headers.range).toBe('0-776')
    expect(answer.headers['docker-upload-uuid']).toBe(begun.headers['docker-upload-uuid'])
  })
})

describe('cancelling an upload', () => {
  test('answers 204, and the upload is gone', async () => {
    const repository = site.newRepository()
    const location = await repository.startUpload()

    const answer = await site.registry.delete(location)

    expect(answer.status).toBe(204)
    expect((await site.registry.get(location)).status).toBe(404)
  })

  test('works with bytes in it as well', async () => {
    const repository = site.newRepository()
    const begun = await site.registry.send({
      method: 'PATCH',
      path: await repository.startUpload(),
      body: blob(777).bytes,
    })

    const answer = await site.registry.delete(locationOf(begun))
    const late = await site.registry.send({ method: 'PATCH', path: locationOf(begun), body: 'more' })

    expect(answer.status).toBe(204)
    expect(late.status).toBe(404)
    expect(codesOf(late)).toEqual(['BLOB_UPLOAD_UNKNOWN'])
  })

  test('twice answers 404 the second time', async () => {
    const repository = site.newRepository()
    const location = await repository.startUpload()
    await site.registry.delete(location)

    const answer = await site.registry.delete(location)

    expect(answer.status).toBe(404)
    expect(codesOf(answer)).toEqual(['BLOB_UPLOAD_UNKNOWN'])
  })
})

describe('an upload that does not exist', () => {
  test.each(['GET', 'PATCH', 'PUT', 'DELETE'])('answers 404 BLOB_UPLOAD_UNKNOWN to %s', async (method) => {
    const repository = site.newRepository()
    await repository.pushBlob()

    const answer = await site.registry.send({
      method,
      path: repository.at(`${nobodysUpload}?digest=${blob().digest}`),
    })

    expect(answer.status).toBe(404)
    expect(codesOf(answer)).toEqual(['BLOB_UPLOAD_UNKNOWN'])
  })

  test.each(['nonsense', '..', '%2e%2e', '0', 'a'.repeat(300)])(
    'named %j answers 400 or 404',
    async (name) => {
      const repository = site.newRepository()
      await repository.pushBlob()

      const answer = await site.registry.get(repository.at(`blobs/uploads/${name}`))

      expect([400, 404]).toContain(answer.status)
    },
  )

  test('is also the one that has been closed, but for who closes it again, having heard nothing', async () => {
    const repository = site.newRepository()
    const content = blob()
    const location = await repository.startUpload()
    const close = (digest: string, body?: Buffer) =>
      site.registry.send({ method: 'PUT', path: withQuery(location, { digest }), ...(body ? { body } : {}) })
    const closed = await close(content.digest, content.bytes)

    const [whole, empty] = [await close(content.digest, content.bytes), await close(content.digest)]
    for (const again of [whole, empty]) {
      expect(again.status).toBe(201)
      expect(again.headers.location).toBe(closed.headers.location)
    }
    expect((await close(unknownDigest(), content.bytes)).status).toBe(404)
    expect((await site.registry.get(location)).status).toBe(404)
    expect((await site.registry.send({ method: 'PATCH', path: location, body: 'more' })).status).toBe(404)
  })

  test('is also the closed one for a robot that may only push: it learns nothing of what is there', async () => {
    const repository = site.newRepository()
    const { digest } = await repository.pushBlob()
    const access = [{ resource: 'repository', action: 'push' }]
    const made = await site.registry.send({
      method: 'POST',
      path: '/api/v2.0/robots',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({
        name: 'pusher',
        level: 'system',
        duration: -1,
        permissions: [{ kind: 'project', namespace: site.project, access }],
      }),
    })
    const robot = json(made) as { name: string; secret: string }

    const answer = await site.registry.as({ username: robot.name, password: robot.secret }).send({
      method: 'PUT',
      path: withQuery(repository.at(nobodysUpload), { digest }),
    })

    expect(answer.status).toBe(404)
    expect(codesOf(answer)).toEqual(['BLOB_UPLOAD_UNKNOWN'])
  })

  test('is also one of another repository', async () => {
    const repository = site.newRepository()
    const other = site.newRepository()
    await other.pushBlob()
    const location = await repository.startUpload()

    const answer = await site.registry.get(location.replace(repository.name, other.name))

    expect(answer.status).toBe(404)
  })
})

describe('a connection that breaks', () => {
  test('leaves an upload that can be continued where its state says', async () => {
    const repository = site.newRepository()
    const content = blob(400_000)
    const location = await repository.startUpload()

    await breakOff(location, content.bytes.subarray(0, 250_000), content.bytes.length)
    const rest = await sendTheRest(location, content)
    const closed = await site.registry.send({
      method: 'PUT',
      path: withQuery(locationOf(rest), { digest: content.digest }),
    })
    const pulled = await site.registry.get(repository.at(`blobs/${content.digest}`))

    expect(rest.status).toBe(202)
    expect(closed.status).toBe(201)
    expect(pulled.body.equals(content.bytes)).toBe(true)
  })

  test('in the closing PUT makes no blob of what has arrived', async () => {
    const repository = site.newRepository()
    const content = blob(400_000)
    const location = withQuery(await repository.startUpload(), { digest: content.digest })

    await breakOff(location, content.bytes.subarray(0, 250_000), content.bytes.length, 'PUT')
    const answer = await site.registry.head(repository.at(`blobs/${content.digest}`))

    expect(answer.status).toBe(404)
  })

  /** Announces more bytes than it sends, and hangs up. */
  function breakOff(location: string, bytes: Buffer, announced: number, method = 'PATCH'): Promise<void> {
    const url = new URL(site.registry.url)
    const credentials = Buffer.from(`admin:${site.server.adminPassword}`).toString('base64')
    return new Promise((resolve, reject) => {
      const socket = net.connect(Number(url.port), url.hostname)
      socket.on('error', reject)
      socket.on('close', () => resolve())
      socket.write(
        `${method} ${location} HTTP/1.1\r\nHost: ${url.host}\r\nAuthorization: Basic ${credentials}\r\n` +
          `Content-Type: application/octet-stream\r\nContent-Length: ${announced}\r\n\r\n`,
      )
      socket.write(bytes, () => setTimeout(() => socket.destroy(), 200))
    })
  }

  /**
   * Asks for the state and goes on there, as clients do; again where the server was still taking in what had
   * been on its way when the connection broke.
   */
  async function sendTheRest(location: string, content: Content): Promise<Answer> {
    for (let tries = 0; ; tries += 1) {
      const state = await site.registry.get(location)
      const last = Number(/^0-(\d+)$/.exec(state.headers.range ?? '')?.[1])
      const arrived = last === 0 ? 0 : last + 1
      const rest = await site.registry.send({
        method: 'PATCH',
        path: locationOf(state),
        headers: { 'Content-Range': `${arrived}-${content.bytes.length - 1}` },
        body: content.bytes.subarray(arrived),
      })
      if (rest.status !== 416 || tries === 20) {
        return rest
      }
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
})
