import { createServer, type Socket } from 'node:net'

/**
 * Answers whatever it is asked with what a client of a registry wants to hear, and looks at nothing: what the load
 * generator reaches against it is its own ceiling. Run as a process of its own; prints its port.
 */
const LOCATION = 'Location: /v2/x/blobs/uploads/1\r\n'
const BLOB_BYTES = 1024 * 1024
const answers: Record<string, Buffer> = {
  POST: Buffer.from(`HTTP/1.1 202 Accepted\r\n${LOCATION}Content-Length: 0\r\n\r\n`),
  PATCH: Buffer.from(`HTTP/1.1 202 Accepted\r\n${LOCATION}Content-Length: 0\r\n\r\n`),
  PUT: Buffer.from('HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n'),
  HEAD: Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n'),
  GET: Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n${'x'.repeat(400)}`),
}
const piece = Buffer.alloc(BLOB_BYTES)

const server = createServer({ noDelay: true }, (socket) => {
  let left = 0
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk: Buffer) => {
    if (left > 0) {
      left -= chunk.length
      if (left <= 0) socket.write(answers.PUT as Buffer)
      return
    }
    const end = chunk.indexOf('\r\n\r\n')
    const head = chunk.toString('latin1', 0, end)
    const mebibytes = /^GET \/mebibytes\/(\d+)/.exec(head)?.[1]
    if (mebibytes !== undefined) {
      sendMany(socket, Number(mebibytes))
      return
    }
    left = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0) - (chunk.length - end - 4)
    if (left <= 0) socket.write(answers[head.slice(0, head.indexOf(' '))] as Buffer)
  })
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`${typeof address === 'object' ? address?.port : ''}\n`)
})

function sendMany(socket: Socket, count: number): void {
  socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${count * BLOB_BYTES}\r\n\r\n`)
  const next = (at: number) => {
    if (at < count) socket.write(piece, () => next(at + 1))
  }
  next(0)
}
