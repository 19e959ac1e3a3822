import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { answerClientError } from './client-error.ts'

const server = createServer((_request, response) => response.end('fine'))
server.on('clientError', (error, socket) =>
  answerClientError(error, socket as Parameters<typeof answerClientError>[1]),
)

beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterAll(() => server.close())

async function send(bytes: string): Promise<string> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.write(Buffer.from(bytes, 'latin1'))
  return text(socket)
}

test.each([
  ['GET /v2/p/ä HTTP/1.1\r\nHost: a\r\n\r\n', 400, 'UNSUPPORTED'],
  ['nonsense\r\n\r\n', 400, 'UNSUPPORTED'],
  [`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'SIZE_INVALID'],
])('%j is answered with %i and an error list', async (bytes, status, code) => {
  const answer = await send(bytes)
  const [head = '', body = ''] = answer.split('\r\n\r\n')

  expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  expect(JSON.parse(body)).toMatchObject({ errors: [{ code }] })
})
