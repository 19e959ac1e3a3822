import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { digestOf } from '../harness/content.ts'
import type { Answer } from '../harness/http.ts'
import { openPipeline } from '../harness/pipeline.ts'
import { locationOf, withQuery } from '../harness/registry.ts'
import { useSite } from '../harness/site.ts'
import { requestHead } from '../harness/wire.ts'
import { seeded } from '../soak/worker.ts'

/** Seconds; `PORTOLAN_BYTES_SECONDS` makes it a long one, else each client does so many pieces of work. */
const seconds = Number(process.env.PORTOLAN_BYTES_SECONDS ?? 0)
const PIECES = 6
const CLIENTS = 8
const KIB = 1024

const site = useSite()
const authorization = () => `Basic ${Buffer.from(`admin:${site.server.adminPassword}`).toString('base64')}`

/** Somebody who sends what he likes in pieces that he likes. */
interface Client {
  /** From 0 up to 1. */
  random(): number
  at(rest: string): string
}

/** Up to so many, small ones as often as large ones. */
const upTo = (most: number, { random }: Client) => Math.floor(most ** random())

/** Random bytes: none, a few, or more than is put at once. */
const someContent = (client: Client) => randomBytes(upTo(900 * KIB, client) - 1)

/** The same bytes in pieces of 1 byte to 200 KiB. */
function* pieces(bytes: Buffer, client: Client): Generator<Buffer> {
  // Pieces of one size: each of its own, large bodies would be cut into thousands or into two.
  const most = Math.max(upTo(200 * KIB, client), bytes.length / 200)
  for (let at = 0; at < bytes.length; ) {
    const end = at + Math.ceil(client.random() * most)
    yield bytes.subarray(at, end)
    at = end
  }
}

/** A request of a told length, or in chunks. */
function request(client: Client, method: string, target: string, body: Buffer, headers = {}): Buffer {
  const type = { 'Content-Type': 'application/octet-stream' }
  const own = { Authorization: authorization(), ...type, ...headers }
  if (client.random() < 0.5) {
    const head = requestHead(method, target, { ...own, 'Content-Length': body.length })
    return Buffer.concat([Buffer.from(head), body])
  }
  const chunks = [...pieces(body, client)].map((chunk) =>
    Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n')]),
  )
  const head = requestHead(method, target, { ...own, 'Transfer-Encoding': 'chunked' })
  return Buffer.concat([Buffer.from(head), ...chunks, Buffer.from('0\r\n\r\n')])
}

/** Bodies one behind the other: what the server reads at once ends one and begins the next. */
async function pushInARow(client: Client): Promise<Buffer[]> {
  const contents = Array.from({ length: 1 + Math.floor(client.random() * 6) }, () => someContent(client))
  const requests = contents.map((content) =>
    request(client, 'POST', client.at(`blobs/uploads/?digest=${digestOf(content)}`), content),
  )
  const pipeline = await openPipeline(site.registry.url)
  const answers = (async () => {
    const statuses: number[] = []
    for (const _ of requests) statuses.push((await pipeline.answer()).status)
    return statuses
  })()
  for (const piece of pieces(Buffer.concat(requests), client)) await pipeline.write(piece)

  expect(await answers).toEqual(contents.map(() => 201))
  pipeline.close()
  return contents
}

/** Chunks of one upload, some of which are broken off, and then the rest from where the server says. */
async function pushInSession(client: Client): Promise<Buffer[]> {
  const content = someContent(client)
  let stand = await site.registry.send({ method: 'POST', path: client.at('blobs/uploads/') })
  for (let breaks = Math.floor(client.random() * 4); breaks > 0; breaks -= 1) {
    const path = locationOf(stand)
    const whole = request(client, 'PATCH', path, restOf(content, path), rangeOf(content, path))
    const sent = whole.subarray(0, Math.ceil(whole.length * client.random()))
    const pipeline = await openPipeline(site.registry.url)
    for (const piece of pieces(sent, client)) await pipeline.write(piece)
    pipeline.close()
    stand = await site.registry.get(locationOf(stand))
    expect(stand.status).toBe(204)
  }

  // Who was broken off may still come to his turn, and take the upload over: then it is not where, or whose, it was.
  let ended: Answer
  do {
    const path = locationOf(await site.registry.get(locationOf(stand)))
    ended = await site.registry.send({
      method: 'PUT',
      path: withQuery(path, { digest: digestOf(content) }),
      headers: rangeOf(content, path),
      body: restOf(content, path),
    })
  } while (ended.status === 416 || ended.status === 404)
  expect(ended.status).toBe(201)
  return [content]
}

const offsetIn = (location: string) => Number(/_state=(\d+)/.exec(location)?.[1])
const restOf = (content: Buffer, location: string) => content.subarray(offsetIn(location))

function rangeOf(content: Buffer, location: string): Record<string, string> {
  const offset = offsetIn(location)
  return offset < content.length ? { 'Content-Range': `${offset}-${content.length - 1}` } : {}
}

test('what is acknowledged is what was sent, however it was cut, mixed and broken off', {
  timeout: 120_000 + seconds * 1000,
}, async () => {
  const until = Date.now() + seconds * 1000
  let kept = 0
  async function work(seed: number): Promise<void> {
    const repository = site.newRepository()
    await repository.pushImage('v1')
    const client: Client = { random: seeded(seed), at: repository.at }
    for (let piece = 0; piece < PIECES || Date.now() < until; piece += 1) {
      const contents = await (piece % 2 === 0 ? pushInARow(client) : pushInSession(client))
      for (const content of contents) {
        const { body } = await site.registry.get(repository.at(`blobs/${digestOf(content)}`))
        expect(body.equals(content)).toBe(true)
        kept += 1
      }
    }
  }

  await Promise.all(Array.from({ length: CLIENTS }, (_, seed) => work(seed + 1)))

  expect(kept).toBeGreaterThanOrEqual(CLIENTS * PIECES)
  expect(site.server.log()).not.toMatch(/"level":"(error|fatal)"|unhandled/i)
})
