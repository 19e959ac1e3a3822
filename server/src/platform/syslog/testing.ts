import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'

/** A small syslog receiver for tests. */
export interface Receiver {
  port: number
  messages: string[]
  /** Goes away at once, open connections too. */
  close(): Promise<void>
}

/** Receives over TCP, or TLS with a certificate; reads octet counting to the end and closes then. */
export async function receiveStream(
  options: {
    port?: number
    tls?: { cert: string; key: string }
    onConnection?: (socket: Socket) => void
  } = {},
): Promise<Receiver> {
  const messages: string[] = []
  const sockets = new Set<Socket>()
  const take = (socket: Socket) => {
    sockets.add(socket)
    let held = Buffer.alloc(0)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    if (options.onConnection) return options.onConnection(socket)
    socket.on('data', (chunk) => {
      held = Buffer.concat([held, chunk])
      for (;;) {
        const space = held.indexOf(' ')
        const length = Number(held.subarray(0, Math.max(space, 0)).toString())
        if (space < 1 || held.length < space + 1 + length) return
        messages.push(held.subarray(space + 1, space + 1 + length).toString())
        held = held.subarray(space + 1 + length)
      }
    })
  }
  const server: Server = options.tls ? createTlsServer(options.tls, take) : createServer(take)
  server.on('error', () => undefined)
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')

  return {
    port: (server.address() as AddressInfo).port,
    messages,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export async function receiveDatagrams(port = 0): Promise<Receiver> {
  const messages: string[] = []
  const socket = createSocket('udp4', (message) => messages.push(message.toString()))
  socket.bind(port, '127.0.0.1')
  await once(socket, 'listening')

  return {
    port: socket.address().port,
    messages,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  }
}
