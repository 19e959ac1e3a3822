import type { IncomingMessage, Server, ServerResponse } from 'node:http'

export interface PaceOptions {
  /** The least that a client must send while we wait for it; 0 is no limit. */
  bytesPerSecond: number
  /** Over how long that is measured. */
  overSeconds: number
  /** Told of everybody who is cut off. */
  onSlow(address: string | undefined): void
}

interface Exchange {
  request: IncomingMessage
  response: ServerResponse
  /** What had come when we last looked, and were waiting for the client; undefined where we were not. */
  received: number | undefined
}

/**
 * Cuts off clients that send a body drop by drop: each would hold a connection, a file and buffers for as long as it likes, and
 * never be silent for long enough. Only time in which we wait for the client counts: who is held up by our own disk or
 * database is not slow.
 *
 * How fast an answer is taken cannot be seen from here: the kernel holds some megabytes of it, and lets nothing more in before a
 * third of them is gone. Whoever takes one drop by drop is silent to us for long, and cut off for that.
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
    const exchange: Exchange = { request, response, received: undefined }
    exchanges.add(exchange)
    response.once('close', () => exchanges.delete(exchange))
  })

  return () => {
    for (const exchange of exchanges) {
      // Where the client was gone before it came here nothing tells of its end.
      if (exchange.request.socket.destroyed) {
        exchanges.delete(exchange)
        continue
      }
      const before = exchange.received
      exchange.received = isAwaited(exchange) ? exchange.request.socket.bytesRead : undefined
      if (before === undefined || exchange.received === undefined) continue
      if (exchange.received - before >= bytesPerSecond * overSeconds) continue
      onSlow(exchange.request.socket.remoteAddress)
      cutOff(server, exchange)
    }
  }
}

/** Whether the client has to send more, and it is not we who take nothing. */
function isAwaited({ request }: Exchange): boolean {
  return !request.complete && request.readableLength < request.readableHighWaterMark
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
