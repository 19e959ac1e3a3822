import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

export interface PaceOptions {
  /** The least that a client must send or take while we wait for it; 0 is no limit. */
  bytesPerSecond: number
  /** Over how long that is measured. */
  overSeconds: number
  /** Told of everybody who is cut off. */
  onSlow(address: string | undefined): void
}

interface Exchange {
  request: IncomingMessage
  response: ServerResponse
  /** What the connection had moved when we last looked, and were waiting for the client; undefined where we were not. */
  moved: number | undefined
}

/**
 * Cuts off clients that send a body or take an answer drop by drop: each would hold a connection, a file and buffers for as
 * long as it likes, and never be silent for long enough. Only time in which we wait for the client counts:
 * who is held up by our own disk or database is not slow.
 */
export function watchPace(server: Server, options: PaceOptions): void {
  if (options.bytesPerSecond === 0) return
  const timer = setInterval(followPace(server, options), options.overSeconds * 1000)
  // Neither keeps the process from ending nor goes on after it.
  timer.unref()
  server.once('close', () => clearInterval(timer))
}

/** Follows all requests of the server; the answer is to be called every `overSeconds`, and looks who was too slow since. */
export function followPace(server: Server, { bytesPerSecond, overSeconds, onSlow }: PaceOptions): () => void {
  const exchanges = new Set<Exchange>()
  server.on('request', (request, response) => {
    const exchange: Exchange = { request, response, moved: undefined }
    exchanges.add(exchange)
    response.once('close', () => exchanges.delete(exchange))
  })

  return () => {
    for (const exchange of exchanges) {
      const before = exchange.moved
      exchange.moved = isOurTurn(exchange) ? undefined : movedBy(exchange.request.socket)
      if (before === undefined || exchange.moved === undefined) continue
      if (exchange.moved - before >= bytesPerSecond * overSeconds) continue
      onSlow(exchange.request.socket.remoteAddress)
      cutOff(server, exchange)
    }
  }
}

/** Whether nothing can go on before we have done something: neither is more of the body wanted, nor an answer under way. */
function isOurTurn({ request, response }: Exchange): boolean {
  const bodyAwaited = !request.complete && request.readableLength < request.readableHighWaterMark
  const answerUnderWay = response.headersSent && response.writableLength > 0
  return !(bodyAwaited || answerUnderWay)
}

/** Of a handle of Node: what was handed to it, and what of that has not gone anywhere yet. */
interface Handle {
  bytesRead: number
  bytesWritten: number
  writeQueueSize: number
  _parent?: Handle
}

/**
 * Bytes that have come and gone. Of a write that is under way the socket itself tells only when all of it has gone, and one
 * may be as large as a download's buffer: the handle below, that of TCP under one of TLS, knows.
 */
function movedBy(socket: Socket): number {
  const { _handle: own } = socket as unknown as { _handle: Handle | null }
  const handle = own?._parent ?? own
  if (!handle) return socket.bytesRead + socket.bytesWritten

  return handle.bytesRead + handle.bytesWritten - handle.writeQueueSize
}

/**
 * 408 where an answer can still be given, as for the head of a request that comes too slowly. Not a moment's patience beyond
 * that: an answer that is not taken would never have been sent.
 */
function cutOff(server: Server, { request, response }: Exchange): void {
  const { socket } = request
  if (response.headersSent || socket.writableEnded) {
    socket.destroy()
    return
  }
  const late = Object.assign(new Error('the body came too slowly'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' })
  server.emit('clientError', late, socket)
  socket.destroySoon()
}
