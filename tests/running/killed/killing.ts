import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RunningServer } from '../../harness/server.ts'
import { gone, processTree } from '../processes.ts'

/** Kills one thing with SIGKILL and sees to it that the server answers again, as whoever watches over it would. */
export type Kill = (server: RunningServer) => Promise<void>

/** The server; the next start goes on with the database that it has left behind. */
export const killServer: Kill = async (server) => {
  await server.kill()
  await startAgain(server)
}

/** Its PostgreSQL: without it the server ends, and says why. */
export const killDatabase: Kill = async (server) => {
  process.kill(await postmaster(server), 'SIGKILL')
  const left = await gone([server.pid], 30_000)
  if (left.length > 0) throw new Error('the server does not end without its database')
  if (!server.log().includes('the embedded PostgreSQL has ended by itself'))
    throw new Error('it does not say why')
  await server.restart()
}

/** One process of it, which makes PostgreSQL end all others and recover; the server lives on. */
export const killBackend: Kill = async (server) => {
  const { pid } = server
  const victim = await servingBackend(server)
  try {
    process.kill(victim, 'SIGKILL')
  } catch {
    // It has ended by itself meanwhile.
  }
  for (let tries = 0; ; tries += 1) {
    if (server.pid !== pid || tries > 3000) throw new Error('the server does not come back')
    const { status } = await fetch(`${server.url}/api/v2.0/projects?page_size=1`)
    if (status === 200) return
    await sleep(10)
  }
}

/** One of those that serve the server; while PostgreSQL recovers from the last kill there may be none. */
async function servingBackend(server: RunningServer): Promise<number> {
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(20)) {
    const backends = (await processTree(await postmaster(server))).slice(1)
    const titles = await Promise.all(
      backends.map(async (one) => await readFile(`/proc/${one}/cmdline`, 'utf8').catch(() => '')),
    )
    const serving = backends.filter((_, index) => /^postgres: .*portolan/.test(titles[index] ?? ''))
    const victim = serving[Math.floor(Math.random() * serving.length)]
    if (victim !== undefined) return victim
  }
  throw new Error('the server has no connection to its database')
}

/** On a machine that is very busy a start may be given up: then it is tried again. */
async function startAgain(server: RunningServer): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await server.restart()
    } catch (error) {
      if (tries === 3 || !String(error).includes('not ready within')) throw error
    }
  }
}

async function postmaster({ dataDirectory }: RunningServer): Promise<number> {
  const text = await readFile(path.join(dataDirectory, 'postgres/postmaster.pid'), 'utf8')

  return Number(text.split('\n')[0])
}
