import { connect, type Socket } from 'node:net'

/** What a load generator needs of an answer. */
export interface Reply {
  status: number
  location: string | undefined
  /** Bytes of the body, which are thrown away but for the first ones of an error. */
  bytes: number
  text: string
}

export interface Connection {
  /** Sends one request and waits for the whole answer; one at a time. */
  ask(head: string, body?: Uint8Array | readonly Uint8Array[]): Promise<Reply>
  close(): void
}

const END_OF_HEAD = Buffer.from('\r\n\r\n')
const KEPT_OF_ERRORS = 500

/**
 * HTTP/1.1 over a bare socket with one buffer for all that is received: a client that makes objects for every header and
 * chunk is slower than what it measures. Opens again by itself where a server has closed an idle connection.
 */
export function openConnection(url: string, bufferBytes = 64 * 1024): Connection {
  const { hostname, port } = new URL(url)
  const buffer = Buffer.allocUnsafeSlow(bufferBytes)
  let socket: Socket | undefined
  let waiting: Waiting | undefined

  function open(): Socket {
    const opened = connect({
      host: hostname,
      port: Number(port),
      noDelay: true,
      onread: {
        buffer,
        callback: (count) => {
          if (waiting) take(waiting, buffer.subarray(0, count))
          return true
        },
      },
    })
    opened.on('error', (error) => fail(opened, error))
    opened.on('close', () => fail(opened, new Error('the server closed the connection')))
    return opened
  }

  function fail(failed: Socket, error: Error): void {
    if (socket === failed) socket = undefined
    const { reject } = waiting ?? {}
    waiting = undefined
    reject?.(error)
  }

  function take(current: Waiting, chunk: Buffer): void {
    const rest = current.head === undefined ? readHead(current, chunk) : chunk
    if (current.head === undefined || rest === undefined) return
    current.bytes += rest.length
    if (current.status >= 400 && current.text.length < KEPT_OF_ERRORS) current.text += rest.toString('latin1')
    if (current.length === undefined) current.tail = (current.tail + rest.toString('latin1')).slice(-5)
    const whole =
      current.length === undefined ? current.tail === '0\r\n\r\n' : current.bytes >= current.length
    if (!whole) return
    waiting = undefined
    current.resolve({
      status: current.status,
      location: /^location: *(.*)$/im.exec(current.head)?.[1]?.trim(),
      bytes: current.bytes,
      text: current.text,
    })
  }

  return {
    ask: (head, body) =>
      new Promise((resolve, reject) => {
        const withoutBody = head.startsWith('HEAD ')
        waiting = { resolve, reject, withoutBody, ...EMPTY }
        socket ??= open()
        if (body === undefined) {
          socket.write(head, 'latin1')
          return
        }
        socket.cork()
        socket.write(head, 'latin1')
        for (const part of Array.isArray(body) ? (body as Uint8Array[]) : [body as Uint8Array])
          socket.write(part)
        socket.uncork()
      }),
    close: () => {
      waiting = undefined
      socket?.destroy()
    },
  }
}

interface Waiting {
  resolve(reply: Reply): void
  reject(error: Error): void
  withoutBody: boolean
  status: number
  /** Undefined until it has come whole. */
  head: string | undefined
  unread: Buffer | undefined
  /** Undefined where the answer comes in chunks. */
  length: number | undefined
  bytes: number
  tail: string
  text: string
}

const EMPTY = {
  status: 0,
  head: undefined,
  unread: undefined,
  length: undefined,
  bytes: 0,
  tail: '',
  text: '',
} as const

/** Answers what follows the head, once that is there. */
function readHead(waiting: Waiting, chunk: Buffer): Buffer | undefined {
  const all = waiting.unread ? Buffer.concat([waiting.unread, chunk]) : chunk
  const end = all.indexOf(END_OF_HEAD)
  if (end < 0) {
    waiting.unread = Buffer.from(all)
    return undefined
  }
  const head = all.toString('latin1', 0, end)
  waiting.head = head
  waiting.status = Number(head.slice(9, 12))
  const length = /^content-length: *(\d+)/im.exec(head)?.[1]
  if (waiting.withoutBody || waiting.status === 204 || waiting.status === 304) waiting.length = 0
  else if (length !== undefined) waiting.length = Number(length)
  else if (!/^transfer-encoding: *chunked/im.test(head)) waiting.length = 0

  return all.subarray(end + END_OF_HEAD.length)
}
