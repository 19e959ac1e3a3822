import { afterEach, expect, test } from 'vitest'
import { type RunningServer, startServer } from '../harness/server.ts'
import { memoryOf, processTree } from './processes.ts'

const MB = 1024 * 1024
let servers: RunningServer[] = []

afterEach(async () => {
  for (const server of servers) await server.dispose()
  servers = []
})

async function start(): Promise<RunningServer> {
  const server = await startServer()
  servers.push(server)
  return server
}

/** The fastest of a few: what else the machine does in the meantime is not our time. Milliseconds. */
async function fastest(measure: () => Promise<number>): Promise<number> {
  const times: number[] = []
  while (times.length < 4) times.push(await measure())
  return Math.min(...times)
}

test('the very first start is ready in under 2 s', async () => {
  const took = await fastest(async () => {
    const begin = performance.now()
    await start()
    return performance.now() - begin
  })

  expect(took).toBeLessThan(2000)
})

test('a later start is ready in under 1 s', async () => {
  const server = await start()

  const took = await fastest(async () => {
    await server.stop()
    const begin = performance.now()
    await server.restart()
    return performance.now() - begin
  })

  expect(took).toBeLessThan(1000)
})

test('idle, the whole process tree takes less than 180 MB', async () => {
  const server = await start()
  await fetch(`${server.url}/api/v2.0/health`)
  // Longer than connections to the database stay open unused.
  await new Promise((resolve) => setTimeout(resolve, 12_000))

  const memory = await memoryOf(await processTree(server.pid))

  expect(memory).toBeGreaterThan(30 * MB)
  expect(memory).toBeLessThan(180 * MB)
})
