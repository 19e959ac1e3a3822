import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { answerClientError } from './client-error.ts'
import { followPace } from './pace.ts'

const servers: Server[] = []

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

/** A server that wants 1,000 bytes between two looks, who was too slow for it, and a client of it. */
async function serve(listener: RequestListener) {
  const slow: (string | undefined)[] = []
  const server = createServer(listener)
  servers.push(server)
  server.on('clientError', (error, socket) => answerClientError(error, socket as Socket))
  const look = followPace(server, {
    bytesPerSecond: 100,
    overSeconds: 10,
    onSlow: (address) => slow.push(address),
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.on('error', () => socket.destroy())
  return { slow, look, socket }
}

/** Reads the body, and tells how much of it has come. */
function draining() {
  const state = { received: 0, begun: false }
  const listener: RequestListener = (request, response) => {
    state.begun = true
    request.on('data', (chunk: Buffer) => {
      state.received += chunk.length
    })
    request.on('end', () => response.end('taken'))
    request.on('error', () => undefined)
  }
  return { state, listener }
}

const head = (length: number) => `PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`

test('who sends a body drop by drop is told 408 and cut off', async () => {
  const { state, listener } = draining()
  const { look, slow, socket } = await serve(listener)
  let answer = ''
  socket.on('data', (chunk: Buffer) => {
    answer += chunk.toString('latin1')
  })
  socket.write(head(1_000_000))
  await vi.waitUntil(() => state.begun)

  look()
  socket.write('x'.repeat(500))
  await vi.waitUntil(() => state.received === 500)
  look()
  await once(socket, 'close')

  expect(answer).toMatch(/^HTTP\/1.1 408 /)
  expect(slow).toEqual(['127.0.0.1'])
})

test('who is fast enough may take as long as it takes', async () => {
  const { state, listener } = draining()
  const { look, slow, socket } = await serve(listener)
  const answered = once(socket, 'data')
  socket.write(head(10_000))
  await vi.waitUntil(() => state.begun)
  for (let sent = 1000; sent <= 10_000; sent += 1000) {
    look()
    socket.write('x'.repeat(1000))
    await vi.waitUntil(() => state.received === sent)
  }

  const [answer] = (await answered) as [Buffer]

  expect(answer.toString('latin1')).toMatch(/^HTTP\/1.1 200 /)
  expect(slow).toEqual([])
})

test('who takes an answer slowly is not told from one whose answer the kernel still holds', async () => {
  let begun = false
  const { look, slow, socket } = await serve((_request, response) => {
    response.on('error', () => undefined)
    response.end(Buffer.alloc(64 * 1024 * 1024))
    begun = true
  })
  socket.pause()
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await vi.waitUntil(() => begun)

  for (let looks = 0; looks < 3; looks += 1) look()
  socket.destroy()

  expect(slow).toEqual([])
})

test('nobody is slow who waits for us', async () => {
  let begun = 0
  const goOn: (() => void)[] = []
  const { look, slow, socket } = await serve((request, response) => {
    begun = request.readableLength
    request.on('readable', () => {
      begun = request.readableLength
    })
    goOn.push(() => {
      request.removeAllListeners('readable')
      request.resume()
      request.on('end', () => goOn.push(() => response.end('taken')))
    })
  })
  const answered = once(socket, 'data')
  socket.write(`${head(300_000)}${'x'.repeat(300_000)}`)
  await vi.waitUntil(() => begun >= 60_000)
  // The body is not read.
  for (let looks = 0; looks < 3; looks += 1) look()
  goOn[0]?.()
  await vi.waitUntil(() => goOn.length === 2)
  // It has been read, and nothing is answered yet.
  for (let looks = 0; looks < 3; looks += 1) look()
  goOn[1]?.()

  const [answer] = (await answered) as [Buffer]

  expect(answer.toString('latin1')).toMatch(/^HTTP\/1.1 200 /)
  expect(slow).toEqual([])
})
