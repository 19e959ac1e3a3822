import { Agent, createServer, type IncomingMessage, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { OciError } from '../oci/errors.ts'
import { readBody } from './read-body.ts'

const LIMIT = 1000

let server: Server
let agent: Agent
let bodies: Promise<Buffer>[]

beforeEach(async () => {
  bodies = []
  agent = new Agent({ keepAlive: true, maxSockets: 1 })
  server = createServer((incoming, answer) => {
    const body = readBody(incoming, LIMIT)
    bodies.push(body)
    body.then(
      () => answer.end(),
      (error: unknown) => answer.writeHead(error instanceof OciError ? error.status : 500).end(),
    )
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
})
afterEach(() => {
  agent.destroy()
  server.close()
})

function put(body: Buffer): Promise<number | undefined> {
  const { port } = server.address() as AddressInfo
  return new Promise((resolve, reject) => {
    const outgoing = request({ port, method: 'PUT', agent }, (answer: IncomingMessage) => {
      answer.resume().on('end', () => resolve(answer.statusCode))
    })
    outgoing.on('error', reject).end(body)
  })
}

test('a body within the limit is read whole', async () => {
  const status = await put(Buffer.alloc(LIMIT, 'a'))

  expect(status).toBe(200)
  expect(await bodies[0]).toEqual(Buffer.alloc(LIMIT, 'a'))
})

test('after a body that was given up in the middle the connection serves the next request', async () => {
  const first = await put(Buffer.alloc(500_000))
  const second = await put(Buffer.from('next'))

  expect([first, second]).toEqual([413, 200])
})
