import { randomInt } from 'node:crypto'
import net from 'node:net'

/** Below those that the system gives to whoever asks for any: one of these may be somebody else's before it is used, or used again. */
const FIRST = 20_000
const LAST = 32_000
const MOST_TRIES = 100

/** A port of the loopback interface that nobody listens on at the moment. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const port = randomInt(FIRST, LAST)
    if (await isFree(port)) return port
  }
  throw new Error(`${MOST_TRIES} ports between ${FIRST} and ${LAST} are all taken`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer()
    server.on('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
