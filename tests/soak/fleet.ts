import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { temporaryDirectory } from '../harness/directory.ts'
import { startDatabase } from '../harness/postgres.ts'
import { type RunningServer, startServer } from '../harness/server.ts'
import { portolan } from '../running/portolan.ts'
import type { Random } from './worker.ts'

/** Two processes that answer and one that works behind the scenes, on one database and one directory. */
export interface Fleet {
  webs: [RunningServer, RunningServer]
  worker: RunningServer
  /** How often each of them was killed. */
  kills: { web: number; worker: number }
  /** Kills one of the three and starts it again, every few seconds until then. */
  killNowAndThen(end: number, random: Random): Promise<void>
  ask<Row extends object = Record<string, unknown>>(statement: string): Promise<Row[]>
  /** `portolan scrub --report`, which shares nothing with what writes: what it says, and how it exits. */
  report(): Promise<{ code: number | null; said: string }>
  /** What the processes themselves say has gone wrong. */
  troubles(): string[]
  /** What the database says of circles of locks. */
  circles(): string[]
  dispose(): Promise<void>
}

/** Starts the three with these settings. */
export async function startFleet(settings: Record<string, string>): Promise<Fleet> {
  const database = await startDatabase()
  const storage = await temporaryDirectory('storage')
  const shared = {
    PORTOLAN_DATABASE_URL: database.url,
    PORTOLAN_STORAGE_FILESYSTEM_DIRECTORY: storage.path,
    PORTOLAN_SECRET_KEY: randomBytes(32).toString('base64'),
    ...settings,
  }
  const start = (roles: string) => startServer({ env: { ...shared, PORTOLAN_ROLES: roles } })
  const [first, second, worker] = await Promise.all([start('web'), start('web'), start('worker')])
  const all = [first, second, worker]
  const kills = { web: 0, worker: 0 }

  return {
    webs: [first, second],
    worker,
    kills,
    async killNowAndThen(end, random) {
      while (Date.now() < end - 5000) {
        await sleep(2000 + random() * 3000)
        const turn = (kills.web + kills.worker) % 2
        const victim = turn === 0 ? worker : random() < 0.5 ? first : second
        kills[victim === worker ? 'worker' : 'web'] += 1
        await victim.kill()
        await victim.restart()
      }
    },
    async ask<Row>(statement: string) {
      const client = new pg.Client({ connectionString: database.url })
      await client.connect()
      const { rows } = await client.query(statement)
      await client.end()
      return rows as Row[]
    },
    async report() {
      const cwd = first.dataDirectory
      const env = { ...shared, PORTOLAN_DATA_DIRECTORY: cwd }
      const { code, stdout, stderr } = await portolan(['scrub', '--report', '--rehash'], { cwd, env })
      return { code, said: stdout + stderr }
    },
    troubles: () =>
      all
        .flatMap((server) => server.log().split('\n'))
        .filter((line) => /"level":"(error|fatal)"/.test(line)),
    circles: database.circles,
    async dispose() {
      await Promise.all(all.map((server) => server.dispose()))
      await database.stop()
      await storage.remove()
    },
  }
}
