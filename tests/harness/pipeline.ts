import { once } from 'node:events'
import net from 'node:net'
import tls from 'node:tls'

/** One answer of several over one connection. */
export interface PipedAnswer {
  status: number
  head: string
  body: Buffer
}

/** A connection on which requests follow one another without waiting for answers. */
export interface Pipeline {
  /** Sends, and waits while the other side takes nothing. */
  write(bytes: Buffer): Promise<void>
  /** The next answer; rejects where the connection ends before it. */
  answer(): Promise<PipedAnswer>
  /** Ends the connection without a word. */
  close(): void
}

const END_OF_HEAD = Buffer.from('\r\n\r\n')

/** Opens a connection; certificates are not looked at. Answers must tell their length. */
export async function openPipeline(url: string): Promise<Pipeline> {
  const { protocol, hostname, port } = new URL(url)
  const isSecure = protocol === 'https:'
  const to = { host: hostname, port: Number(port) }
  const socket = isSecure ? tls.connect({ ...to, rejectUnauthorized: false }) : net.connect(to)
  await once(socket, isSecure ? 'secureConnect' : 'connect')
  let received: Buffer[] = []
  let rest = Buffer.alloc(0)
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk: Buffer) => received.push(chunk))

  async function more(): Promise<void> {
    while (received.length === 0) {
      if (socket.closed || socket.readableEnded) throw new Error('the connection ended before an answer')
      await first(socket, 'data', 'end', 'close')
    }
    rest = Buffer.concat([rest, ...received])
    received = []
  }

  return {
    write: async (bytes) => {
      if (socket.writable && !socket.write(bytes)) await first(socket, 'drain', 'close')
    },
    async answer() {
      while (rest.indexOf(END_OF_HEAD) < 0) await more()
      const end = rest.indexOf(END_OF_HEAD) + END_OF_HEAD.length
      const head = rest.subarray(0, end).toString('latin1')
      const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0)
      while (rest.length < end + length) await more()
      const body = Buffer.from(rest.subarray(end, end + length))
      rest = rest.subarray(end + length)
      return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]), head, body }
    },
    close: () => socket.destroy(),
  }
}

/** Whichever of the events comes first. */
function first(socket: net.Socket, ...events: string[]): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      for (const event of events) socket.off(event, settle)
      resolve()
    }
    for (const event of events) socket.on(event, settle)
  })
}
