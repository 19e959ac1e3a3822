import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

const SWEEP_MILLISECONDS = 50
/** Connections that ended within so many milliseconds are told of together. */
const GATHER_MILLISECONDS = 5

/** Answers on connections that another process has taken from the port. */
export interface Acceptor {
  /** Answers whether it is taken: not any more while all is being closed. */
  take(connection: Socket): boolean
  /** As `drain` of a server that listens by itself. */
  drain(seconds: number): Promise<void>
}

export function createAcceptor(app: FastifyInstance, onEnded: (count: number) => void): Acceptor {
  const { server } = app
  const open = new Set<Socket>()
  let leaving = false
  let ended = 0
  // Only one that listens looks after the time that headers and requests take, and knows which connections are idle.
  server.emit('listening')

  function forget(connection: Socket): void {
    open.delete(connection)
    ended += 1
    if (ended > 1) return
    setTimeout(() => {
      onEnded(ended)
      ended = 0
    }, GATHER_MILLISECONDS)
  }

  return {
    take(connection) {
      if (leaving) return false
      // As such a server does it by itself.
      if (open.size >= server.maxConnections) connection.destroy()
      open.add(connection)
      connection.once('close', () => forget(connection))
      if (connection.destroyed) return true
      // As connections are that such a server takes by itself.
      connection.allowHalfOpen = true
      connection.setNoDelay(true)
      server.emit('connection', connection)
      connection.resume()
      return true
    },
    async drain(seconds) {
      leaving = true
      // What comes on a connection that was kept is answered as ever, and the connection closed behind it.
      server.prependListener('request', (_request, response) => response.setHeader('connection', 'close'))
      const end = performance.now() + seconds * 1000
      while (open.size > 0 && performance.now() < end) {
        server.closeIdleConnections()
        await new Promise((resolve) => setTimeout(resolve, SWEEP_MILLISECONDS))
      }
      for (const connection of open) connection.destroy()
      await app.close()
    },
  }
}
