import { subscribe } from 'node:diagnostics_channel'
import { writeFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import type { Socket } from 'node:net'

/**
 * Read by a server before its own program (`NODE_OPTIONS=--import …`): counts what it does until it listens and writes that
 * into the file that `START_WORK` names, as `StartWork`. Says on standard error when it reads the code of the whole program.
 */
export interface StartWork {
  /** Addresses of everything that was read to be run, `node:` included. */
  modules: string[]
  /** Programs that were started, by name. */
  programs: string[]
  threads: number
  /** Statements that were sent to the database, over all connections. */
  statements: number
  connections: number
}

const work: StartWork = { modules: [], programs: [], threads: 0, statements: 0, connections: 0 }

registerHooks({
  load(url, context, next) {
    work.modules.push(url)
    if (url.endsWith('/app/compose.ts')) process.stderr.write('reads the whole program\n')
    return next(url, context)
  },
})
subscribe('child_process', (message) => {
  const { process: child } = message as { process: { spawnfile?: string } }
  // Its name is known a moment later.
  queueMicrotask(() => work.programs.push(child.spawnfile?.split('/').at(-1) ?? ''))
})
subscribe('worker_threads', () => {
  work.threads += 1
})
subscribe('net.client.socket', (message) => {
  work.connections += 1
  const { socket } = message as { socket: Socket }
  // Node puts its own `write` back while it connects.
  queueMicrotask(() => countStatements(socket))
})
subscribe('tracing:net.server.listen:asyncEnd', () => {
  if (process.env.START_WORK) writeFileSync(process.env.START_WORK, JSON.stringify(work))
})

/** Of PostgreSQL's protocol, whose messages are a letter and a length: simple queries, and executions of prepared ones. */
function countStatements(socket: Socket): void {
  let rest = Buffer.alloc(0)
  let isOpened = false
  const write = socket.write
  socket.write = ((chunk: Buffer | string, ...others: never[]) => {
    rest = Buffer.concat([rest, Buffer.from(chunk)])
    // The first message of a connection has no letter.
    for (let from = isOpened ? 1 : 0; rest.length >= from + 4; from = isOpened ? 1 : 0) {
      const length = rest.readInt32BE(from)
      if (rest.length < from + length) break
      if (isOpened && 'QE'.includes(String.fromCharCode(rest[0] ?? 0))) work.statements += 1
      isOpened = true
      rest = rest.subarray(from + length)
    }
    return write.call(socket, chunk, ...others)
  }) as Socket['write']
}
