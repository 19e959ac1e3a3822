import { describe, expect, test } from 'vitest'
import { blob, type Content } from '../harness/content.ts'
import { json } from '../harness/http.ts'
import { locationOf, withQuery } from '../harness/registry.ts'
import { useSite } from '../harness/site.ts'

const site = useSite()

async function begun(content: Content, bytes: number): Promise<string> {
  const repository = site.newRepository()
  const first = await site.registry.send({
    method: 'PATCH',
    path: await repository.startUpload(),
    headers: { 'Content-Range': `0-${bytes - 1}` },
    body: content.bytes.subarray(0, bytes),
  })
  return locationOf(first)
}

async function finished(location: string, content: Content, from: number) {
  const rest = await site.registry.send({
    method: 'PATCH',
    path: location,
    headers: { 'Content-Range': `${from}-${content.bytes.length - 1}` },
    body: content.bytes.subarray(from),
  })
  const closed = await site.registry.send({
    method: 'PUT',
    path: withQuery(locationOf(rest), { digest: content.digest }),
  })
  const pulled = await site.registry.get(locationOf(closed))
  return { rest, closed, pulled }
}

describe('an upload in chunks goes on', () => {
  test('after the server was stopped and started', async () => {
    const content = blob(200_000)
    const location = await begun(content, 120_000)

    await site.server.restart()
    const state = await site.registry.get(location)
    const { closed, pulled } = await finished(locationOf(state), content, 120_000)

    expect(state.headers.range).toBe('0-119999')
    expect(closed.status).toBe(201)
    expect(pulled.body.equals(content.bytes)).toBe(true)
  })

  test('after the server was killed between two chunks', async () => {
    const content = blob(200_000)
    const location = await begun(content, 120_000)

    await site.server.kill()
    await site.server.restart()
    const state = await site.registry.get(location)
    const { closed, pulled } = await finished(locationOf(state), content, 120_000)

    expect(state.status).toBe(204)
    expect(state.headers.range).toBe('0-119999')
    expect(closed.status).toBe(201)
    expect(pulled.body.equals(content.bytes)).toBe(true)
  })

  test('after the server was killed in the middle of a chunk', async () => {
    const content = blob(3_000_000)
    const location = await begun(content, 1_000_000)

    const interrupted = site.registry.send({
      method: 'PATCH',
      path: location,
      headers: { 'Content-Range': '1000000-2999999', 'Content-Length': 2_000_000 },
      body: slowly(content.bytes.subarray(1_000_000)),
    })
    const failure = interrupted.then(
      () => 'answered',
      () => 'broken off',
    )
    await new Promise((resolve) => setTimeout(resolve, 300))
    await site.server.kill()
    await site.server.restart()
    const state = await site.registry.get(location)
    const arrived = Number(/^0-(\d+)$/.exec(state.headers.range ?? '')?.[1]) + 1
    const { closed, pulled } = await finished(locationOf(state), content, arrived)

    expect(await failure).toBe('broken off')
    expect(arrived).toBeGreaterThanOrEqual(1_000_000)
    expect(closed.status).toBe(201)
    expect(pulled.body.equals(content.bytes)).toBe(true)
  })

  async function* slowly(bytes: Buffer): AsyncGenerator<Buffer> {
    for (let start = 0; start < bytes.length; start += 100_000) {
      yield bytes.subarray(start, start + 100_000)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
})

describe('what was acknowledged is there', () => {
  test('after the server was killed at once', async () => {
    const repository = site.newRepository()
    const { manifest, layers } = await repository.pushImage('v1')

    await site.server.kill()
    await site.server.restart()
    const pulled = await site.registry.get(repository.at('manifests/v1'))
    const layer = await site.registry.get(repository.at(`blobs/${layers[0]?.digest}`))

    expect(pulled.body.equals(manifest.bytes)).toBe(true)
    expect(layer.body.equals(layers[0]?.bytes ?? Buffer.alloc(0))).toBe(true)
  })

  test('after the server was killed under load', async () => {
    const repository = site.newRepository()
    const acknowledged: string[] = []
    let pushing = true
    const pushers = Array.from({ length: 4 }, async (_, worker) => {
      for (let at = 0; pushing; at += 1) {
        const tag = `${worker}-${at}`
        await repository.pushImage(tag).then(
          () => acknowledged.push(tag),
          () => undefined,
        )
      }
    })

    await expect.poll(() => acknowledged.length, { timeout: 60_000 }).toBeGreaterThan(15)
    await site.server.kill()
    pushing = false
    await Promise.all(pushers)
    await site.server.restart()
    const tags = (json(await site.registry.get(repository.at('tags/list'))) as { tags: string[] }).tags
    const pulled = await Promise.all(tags.map((tag) => site.registry.get(repository.at(`manifests/${tag}`))))

    expect(acknowledged.length).toBeGreaterThan(0)
    expect(tags).toEqual(expect.arrayContaining(acknowledged))
    expect(pulled.every((answer) => answer.status === 200)).toBe(true)
  })

  test('and what was deleted is not', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage('v1')
    await site.registry.delete(repository.at(`manifests/${manifest.digest}`))

    await site.server.kill()
    await site.server.restart()
    const answer = await site.registry.get(repository.at('manifests/v1'))

    expect(answer.status).toBe(404)
  })
})

test('a request in flight is answered before the server stops', async () => {
  const repository = site.newRepository()
  const content = blob(400_000)
  const location = withQuery(await repository.startUpload(), { digest: content.digest })

  const answer = site.registry.send({ method: 'PUT', path: location, body: inPieces(content.bytes) })
  await new Promise((resolve) => setTimeout(resolve, 200))
  const code = await site.server.stop()
  const closed = await answer
  await site.server.restart()
  const pulled = await site.registry.get(repository.at(`blobs/${content.digest}`))

  expect(code).toBe(0)
  expect(closed.status).toBe(201)
  expect(pulled.body.equals(content.bytes)).toBe(true)
})

async function* inPieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += 40_000) {
    yield bytes.subarray(start, start + 40_000)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
