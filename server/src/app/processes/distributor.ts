import { createServer, type Socket } from 'node:net'
import { type Address, boundPort, listenError } from '../listen.ts'
import type { Child } from './family.ts'

/**
 * Takes the connections on the one port and hands each to the process that has the fewest open, so that connections which are kept
 * spread evenly. A connection stays ours until the other side has said that it took it: when a process dies, what was
 * on its way there goes to another, and no client waits for an answer that nobody will give.
 */
export interface Distributor {
  /** FatalError where the port cannot be had. */
  listen(config: Address): Promise<number>
  /** That process may get connections from now on. */
  joined(child: Child): void
  /** That one gets none any more. */
  left(child: Child): void
  took(id: number): void
  /** It came too late: another one gets it. */
  refused(id: number): void
  /** So many connections of that process have ended. */
  ended(child: Child, count: number): void
  /** Takes no more connections; those that no process takes any more are broken off. */
  close(): Promise<void>
}

/** Connections that wait while there is no process; more are broken off. */
const MOST_WAITING = 1000
/**
 * So long a connection that no process has taken is held. One without descriptors left cannot even receive it, and says nothing: the
 * client must not wait for ever.
 */
const PATIENCE_MILLISECONDS = 60_000

export function createDistributor(patienceMilliseconds = PATIENCE_MILLISECONDS): Distributor {
  /** Open connections of each, those on their way included. */
  const members = new Map<Child, number>()
  const underWay = new Map<number, { socket: Socket; child: Child }>()
  let waiting: Socket[] = []
  let lastId = 0
  let closing = false

  function give(socket: Socket): void {
    if (socket.destroyed) return
    const child = freest()
    if (child === undefined) {
      wait(socket)
      return
    }
    lastId += 1
    const id = lastId
    // Among equals it is the turn of the one that has waited longest.
    const open = members.get(child) ?? 0
    members.delete(child)
    members.set(child, open + 1)
    underWay.set(id, { socket, child })
    socket.once('close', () => underWay.delete(id))
    child.send({ order: 'connection', id }, socket)
  }

  function wait(socket: Socket): void {
    waiting = waiting.filter(({ destroyed }) => !destroyed)
    if (!closing && waiting.length < MOST_WAITING) waiting.push(socket)
    else socket.destroy()
  }

  function freest(): Child | undefined {
    let best: Child | undefined
    let least = Number.POSITIVE_INFINITY
    for (const [child, open] of members) {
      if (open < least) {
        best = child
        least = open
      }
    }
    return best
  }

  const server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy())
    socket.setTimeout(patienceMilliseconds, () => socket.destroy())
    give(socket)
  })

  return {
    async listen({ listen: { address, port } }) {
      await new Promise<void>((resolve, reject) => {
        // Heard for good: of what goes wrong with single connections later, nobody need die.
        server.on('error', reject)
        server.listen({ host: address, port }, resolve)
      }).catch((cause: NodeJS.ErrnoException) => {
        throw listenError({ listen: { address, port } }, cause)
      })
      return boundPort(server)
    },
    joined(child) {
      members.set(child, 0)
      const all = waiting
      waiting = []
      for (const socket of all) give(socket)
    },
    left(child) {
      members.delete(child)
      for (const [id, { socket, child: taker }] of underWay) {
        if (taker !== child) continue
        underWay.delete(id)
        give(socket)
      }
    },
    took(id) {
      // Ours alone is closed by this: the other process has its own hold on the connection.
      underWay.get(id)?.socket.destroy()
      underWay.delete(id)
    },
    refused(id) {
      const refused = underWay.get(id)
      underWay.delete(id)
      if (refused) give(refused.socket)
    },
    ended(child, count) {
      const open = members.get(child)
      if (open !== undefined) members.set(child, Math.max(0, open - count))
    },
    async close() {
      closing = true
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of waiting) socket.destroy()
      waiting = []
      // What is on its way is being taken, or is broken off with whoever was to take it.
      server.unref()
      await Promise.race([closed, new Promise(setImmediate)])
    },
  }
}
