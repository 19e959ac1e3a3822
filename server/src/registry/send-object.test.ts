import { once } from 'node:events'
import { mkdtemp, readdir, readlink, rm } from 'node:fs/promises'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import Fastify, { type FastifyInstance } from 'fastify'
import pino from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { BlobsDeps } from '../blobs/service.ts'
import { openStorage } from '../storage/open.ts'
import { sendObject } from './send-object.ts'

const bytes = Buffer.from(Array.from({ length: 1_500_000 }, (_, index) => (index * 31) % 251))
const blob = { id: 1, digest: 'sha256:x', size: bytes.length, key: 'blob', offerTime: new Date() }
const logged: string[] = []
let directory: string
let app: FastifyInstance
let url: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'portolan-send-'))
  const storage = await openStorage({ driver: 'filesystem', directory })
  await storage.put('blob', bytes)
  await storage.put('short', bytes.subarray(0, 600_000))
  const deps = { storage } as BlobsDeps
  const sink = new Writable({
    write(line, _encoding, done) {
      logged.push(String(line))
      done()
    },
  })
  app = Fastify({ loggerInstance: pino({ level: 'error' }, sink) }) as unknown as FastifyInstance
  app.get<{ Querystring: { key: string; start: number; end: number } }>('/', (request, reply) => {
    const { key = 'blob', start, end } = request.query
    const range = { start: Number(start), end: Number(end) }
    reply.header('content-length', range.end - range.start + 1)
    return sendObject(deps, reply, { ...blob, key }, range)
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/`
})
afterAll(async () => {
  await app.close()
  await rm(directory, { recursive: true })
})

test.each([
  [0, 0],
  [0, 1_499_999],
  [1, 262_144],
  [1, 262_145],
  [7, 262_150],
  [262_144, 786_431],
  [1_499_999, 1_499_999],
])('bytes %i to %i arrive as they are', async (start, end) => {
  const answer = await fetch(`${url}?start=${start}&end=${end}`)

  const body = Buffer.from(await answer.arrayBuffer())
  expect(body.equals(bytes.subarray(start, end + 1))).toBe(true)
})

test('an object that is shorter than promised breaks the connection and is logged', async () => {
  logged.length = 0

  const answer = fetch(`${url}?key=short&start=0&end=1499999`).then((response) => response.arrayBuffer())

  await expect(answer).rejects.toThrow()
  await expect.poll(() => logged.join()).toContain('a download broke off')
})

test('a client that goes away leaves no open file and nothing in the log', async () => {
  logged.length = 0
  const { host, hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.write(`GET /?start=0&end=1499999 HTTP/1.1\r\nhost: ${host}\r\n\r\n`)
  await once(socket, 'data')

  socket.resetAndDestroy()
  await new Promise((resolve) => setTimeout(resolve, 200))
  const next = await fetch(`${url}?start=0&end=9`)

  expect((await next.arrayBuffer()).byteLength).toBe(10)
  expect(logged).toEqual([])
  expect(await openFilesBelow(directory)).toEqual([])
})

test('a part that is still on its way is nothing that a server that stops takes for idle', async () => {
  // A client that takes nothing yet.
  const connected = once(app.server, 'connection').then(([socket]) => {
    socket.cork()
    return socket
  })
  const { host, hostname, port } = new URL(url)
  const client = connect(Number(port), hostname)
  const received: Buffer[] = []
  client.on('data', (chunk: Buffer) => received.push(chunk))
  client.write(`GET /?start=0&end=199999 HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`)
  const socket = await connected
  await expect.poll(() => socket.writableLength).toBeGreaterThan(200_000)

  app.server.closeIdleConnections()
  socket.uncork()
  await once(client, 'end')

  expect(Buffer.concat(received).subarray(-200_000).equals(bytes.subarray(0, 200_000))).toBe(true)
})

/** Files that this process has open, on systems that tell. */
async function openFilesBelow(path: string): Promise<string[]> {
  const descriptors = await readdir('/proc/self/fd').catch(() => [])
  const targets = await Promise.all(descriptors.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')))

  return targets.filter((target) => target.startsWith(path))
}
