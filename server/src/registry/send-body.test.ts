import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { sendBody } from './send-body.ts'

let server: http.Server

afterEach(() => {
  server.closeAllConnections()
  server.close()
})

/** A server that answers with this body, and its connections. */
async function serve(body: Buffer): Promise<{ url: string; connection: Promise<Socket> }> {
  const connection = Promise.withResolvers<Socket>()
  server = http.createServer((_request, response) =>
    sendBody(response, { 'content-length': body.length }, body),
  )
  server.on('connection', connection.resolve)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo

  return { url: `http://127.0.0.1:${port}`, connection: connection.promise }
}

test.each([0, 1, 16 * 1024, 16 * 1024 + 1, 300_000])(
  'a body of %i bytes arrives as it is',
  async (length) => {
    const body = Buffer.from(Array.from({ length }, (_, index) => (index * 31) % 251))
    const { url } = await serve(body)

    const answer = await fetch(url)

    expect(Buffer.from(await answer.arrayBuffer()).equals(body)).toBe(true)
  },
)

test('an answer that is still on its way is nothing that a server that stops takes for idle', async () => {
  const body = Buffer.alloc(60_000, 'x')
  const { url, connection } = await serve(body)
  // A client that takes nothing yet.
  const corked = connection.then((socket) => {
    socket.cork()
    return socket
  })
  const answer = fetch(url).then((response) => response.text())
  const socket = await corked
  await expect.poll(() => socket.writableLength).toBeGreaterThan(body.length)

  server.closeIdleConnections()
  socket.uncork()

  expect(await answer).toBe(body.toString())
})
