import { request as secureRequest } from 'node:https'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import Fastify, { type FastifyInstance } from 'fastify'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { certificate } from '../../platform/outbound/testing.ts'
import { type Acceptor, createAcceptor } from './acceptor.ts'

/** Takes connections and hands them to whoever is tested, as the process above does. */
let port: Server
let app: FastifyInstance
let acceptor: Acceptor
let ended: number
let refused: number
let clients: Socket[]
/** The slow request has come; and may be answered. */
let arrived: PromiseWithResolvers<void>
let released: PromiseWithResolvers<void>
/** The last request has come. */
let reached: PromiseWithResolvers<void>

beforeEach(async () => {
  ended = 0
  refused = 0
  clients = []
  arrived = Promise.withResolvers()
  released = Promise.withResolvers()
  reached = Promise.withResolvers()
  port = createServer({ pauseOnConnect: true }, (connection: Socket) => {
    if (acceptor.take(connection)) return
    refused += 1
    connection.destroy()
  })
  await new Promise<void>((resolve) => port.listen(0, '127.0.0.1', resolve))
})
afterEach(async () => {
  for (const client of clients) client.destroy()
  released.resolve()
  await acceptor.drain(0)
  port.close()
})

async function begin(made: unknown): Promise<void> {
  app = made as FastifyInstance
  app.get('/', async (request) => `to ${request.ip}`)
  app.get('/last', async () => {
    reached.resolve()
    return 'last'
  })
  app.get('/slow', async () => {
    arrived.resolve()
    await released.promise
    return 'slow'
  })
  await app.ready()
  acceptor = createAcceptor(app, (count) => {
    ended += count
  })
}

const portNumber = () => (port.address() as AddressInfo).port

/** What comes back on one connection for what is sent, once it is closed or `until` has come. */
function talk(text: string, until?: string): { socket: Socket; said: Promise<string> } {
  const socket = connect(portNumber(), '127.0.0.1')
  clients.push(socket)
  socket.write(text)
  let said = ''
  const all = new Promise<string>((resolve) => {
    socket.on('data', (chunk) => {
      said += chunk
      if (until !== undefined && said.includes(until)) resolve(said)
    })
    socket.on('error', () => resolve(said))
    socket.on('close', () => resolve(said))
  })
  return { socket, said: all }
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`

test('requests on a connection that was handed over are answered, one after the other', async () => {
  await begin(Fastify())

  released.resolve()
  const { socket, said } = talk(get('/') + get('/slow'), 'slow')
  const answers = await said
  socket.destroy()

  expect(answers.match(/200 OK/g)).toHaveLength(2)
  expect(answers).toContain('to 127.0.0.1')
  await expect.poll(() => ended).toBe(1)
})

test('TLS is spoken on it as well', async () => {
  const { cert, key } = certificate()
  await begin(Fastify({ https: { cert, key } }))

  const answer = await new Promise<string>((resolve, reject) => {
    const asked = secureRequest(
      { port: portNumber(), host: 'localhost', ca: cert, agent: false },
      (response) => {
        response.setEncoding('utf8')
        response.on('data', resolve)
      },
    )
    asked.on('error', reject)
    asked.end()
  })

  expect(answer).toContain('to 127.0.0.1')
})

test('whoever takes his time with a request is sent away', async () => {
  await begin(Fastify({ http: { headersTimeout: 100, connectionsCheckingInterval: 20 } }))

  const { said } = talk('GET / HTTP/1.1\r\nHos')

  expect(await said).toContain('408 Request Timeout')
})

test('at the end requests in flight are answered, idle connections closed, and no more taken', async () => {
  await begin(Fastify())
  const idle = talk(get('/'), 'to')
  await idle.said
  const busy = talk(get('/slow'))
  await arrived.promise

  const draining = acceptor.drain(60)
  const late = await talk(get('/')).said
  released.resolve()
  await draining

  expect(await busy.said).toContain('slow')
  expect(late).toBe('')
  expect(refused).toBe(1)
  await expect.poll(() => idle.socket.destroyed || idle.socket.readableEnded).toBe(true)
})

test('whoever goes on asking on a connection that was kept is told that it is the last answer', async () => {
  await begin(Fastify())
  const busy = talk(get('/slow'))
  await arrived.promise

  const draining = acceptor.drain(60)
  busy.socket.write(get('/last'))
  await reached.promise
  released.resolve()
  await draining

  const [first = '', second = ''] = (await busy.said).split('HTTP/1.1 200 OK').slice(1)
  expect(first).toContain('slow')
  expect(second).toMatch(/connection: close[\s\S]*last/i)
})

test('what is not over when the time is, is broken off', async () => {
  await begin(Fastify())
  const busy = talk(get('/slow'))
  await arrived.promise

  await acceptor.drain(0)

  expect(await busy.said).toBe('')
})
