import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'

/** Takes a request that it may be able to answer in front of Fastify, or leaves it alone. */
export type QuickWay = (request: IncomingMessage, response: ServerResponse) => Taken | undefined

/** A request that is being answered. */
export interface Taken {
  /** Whether it could be; where not, nothing was answered. */
  answered: Promise<boolean>
  /** Where the failure is a database that is away: tells the operator and the client. Answers whether it did. */
  refuse(error: unknown): boolean
}

/** Told of each request that is taken; the answer is called where it goes the long way after all. */
export type Watch = (request: IncomingMessage, response: ServerResponse) => () => void

/** Milliseconds: whoever has waited that long for a database that is away does not wait for it a second time on the long way. */
const PATIENCE = 5000

type Listener = (request: IncomingMessage, response: ServerResponse) => void

/**
 * Puts a quick way in front of whatever answers requests by now: what it does not take, or cannot answer, goes on to that as ever. To
 * be called when nothing else that hears requests is added to the server any more, but for other quick ways.
 *
 * @param now milliseconds
 */
export function putInFront(
  app: FastifyInstance,
  take: QuickWay,
  { watch, now = () => performance.now() }: { watch?: Watch | undefined; now?: () => number } = {},
): void {
  const { server } = app
  const listeners = server.listeners('request') as Listener[]
  const goLongWay: Listener = (request, response) => {
    for (const listener of listeners) listener.call(server, request, response)
  }
  let closing = false
  app.addHook('preClose', (done) => {
    closing = true
    done()
  })

  async function serve(taken: Taken, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const unwatch = watch?.(request, response)
    const begin = now()
    let failed: { error: unknown } | undefined
    try {
      if (await taken.answered) return
    } catch (error) {
      // What went wrong at once may do better on the long way; else it is told there.
      if (now() - begin >= PATIENCE) failed = { error }
    }
    // Whoever would hear of the end of an answer to nobody waits for ever.
    if (response.headersSent || request.socket.destroyed) return
    if (failed && taken.refuse(failed.error)) return
    unwatch?.()
    goLongWay(request, response)
  }

  server.removeAllListeners('request')
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    // While it closes, Fastify says on each answer that the connection ends.
    const taken = closing ? undefined : take(request, response)
    if (taken) void serve(taken, request, response)
    else goLongWay(request, response)
  })
}
