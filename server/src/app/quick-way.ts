import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'

/**
 * Answers a request in front of Fastify, or leaves it alone: answers whether it takes it. `goOn` is called where it turns out
 * later that it cannot answer, before anything was answered.
 */
export type QuickWay = (request: IncomingMessage, response: ServerResponse, goOn: () => void) => boolean

type Listener = (request: IncomingMessage, response: ServerResponse) => void

/**
 * Puts a quick way in front of whatever answers requests by now: what it does not take goes on to that as ever. To be called when
 * nothing else that hears requests is added to the server any more, but for other quick ways.
 */
export function putInFront(app: FastifyInstance, take: QuickWay): void {
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

  server.removeAllListeners('request')
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    // While it closes, Fastify says on each answer that the connection ends.
    if (closing || !take(request, response, () => goLongWay(request, response))) goLongWay(request, response)
  })
}
