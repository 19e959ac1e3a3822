import { afterEach, expect, test } from 'vitest'
import { type RunningServer, startServer } from '../harness/server.ts'
import { openWire, requestHead, type Wire } from '../harness/wire.ts'

const MOST = 6

let server: RunningServer | undefined
let wires: Wire[] = []

afterEach(async () => {
  for (const wire of wires) wire.close()
  wires = []
  await server?.dispose()
})

/** The status of an answer on a new connection, which stays open; 0 where it is closed at once. */
async function ask({ url }: RunningServer): Promise<number> {
  const wire = await openWire(url)
  wires.push(wire)
  await wire.write(requestHead('GET', '/v2/', {}))
  return await wire.status()
}

/** How many connections are answered and kept until one is not. */
async function fill(running: RunningServer): Promise<number> {
  let count = 0
  while (count < 10 * MOST && (await ask(running)) !== 0) count += 1
  return count
}

test.each([1, 2])(
  'with %i processes no more than so many connections each are held at once',
  async (processes) => {
    server = await startServer({
      env: {
        PORTOLAN_LISTEN_MAX_CONNECTIONS: String(MOST),
        PORTOLAN_PROCESSES: String(processes),
        PORTOLAN_LISTEN_KEEP_ALIVE_SECONDS: '3600',
      },
    })
    const running = server

    const held = await fill(running)
    const turnedAway = await Promise.all(Array.from({ length: 20 }, () => ask(running)))
    const [first, ...others] = wires
    first?.close()

    expect(held).toBe(MOST * processes)
    expect(turnedAway).toEqual(turnedAway.map(() => 0))
    // Who leaves makes room, for one.
    await expect.poll(() => ask(running), { timeout: 30_000 }).toBe(401)
    expect(await ask(running)).toBe(0)
    // Those who were there first noticed nothing.
    const [kept] = others
    await kept?.write(requestHead('GET', '/v2/', {}))
    await expect.poll(() => kept?.received().match(/HTTP\/1\.1 401/g)?.length, { timeout: 30_000 }).toBe(2)
    expect(running.log()).not.toMatch(/"level":"(error|fatal)"|unhandled/i)
  },
)
