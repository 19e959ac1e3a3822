import { once } from 'node:events'
import net from 'node:net'

/** A connection over which exactly what is told goes, at the pace that is told. */
export interface Wire {
  socket: net.Socket
  /** Sends, and waits while the other side takes nothing. */
  write(bytes: Buffer | string): Promise<void>
  /** What has come so far. */
  received(): string
  /** Waits for the status of the answer; 0 where the connection ends without one. */
  status(): Promise<number>
  close(): void
}

/** Opens a connection; `isReading` false is a client that takes nothing of what comes. */
export async function openWire(url: string, isReading = true): Promise<Wire> {
  const { hostname, port } = new URL(url)
  const socket = net.connect(Number(port), hostname)
  await once(socket, 'connect')
  let received = ''
  socket.on('error', () => socket.destroy())
  if (isReading)
    socket.on('data', (chunk: Buffer) => {
      if (received.length < 100_000) received += chunk.toString('latin1')
    })
  const statusOf = () => Number(/^HTTP\/1\.1 (\d{3})/.exec(received)?.[1] ?? 0)

  return {
    socket,
    write: async (bytes) => {
      if (socket.writable && !socket.write(bytes)) await whicheverFirst(socket, 'drain')
    },
    received: () => received,
    status: async () => {
      while (statusOf() === 0 && !socket.closed) await whicheverFirst(socket, 'data')
      return statusOf()
    },
    close: () => socket.destroy(),
  }
}

/** The event, or the end of the connection. */
function whicheverFirst(socket: net.Socket, event: string): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      socket.off(event, settle)
      socket.off('close', settle)
      resolve()
    }
    socket.on(event, settle)
    socket.on('close', settle)
  })
}

/** The head of a request, whole. */
export function requestHead(
  method: string,
  target: string,
  headers: Record<string, string | number>,
): string {
  const lines = Object.entries({ Host: 'registry.example.com', ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  )
  return `${[`${method} ${target} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n`
}

/** Where an answer over a wire sends us. */
export function locationIn(received: string): string {
  const location = /^location: *(\S+)/im.exec(received)?.[1] ?? ''
  const url = new URL(location, 'http://registry.invalid')
  return url.pathname + url.search
}
