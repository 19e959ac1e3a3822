import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { json } from '../harness/http.ts'
import { createProject, openAsAdministrator, type Project } from '../harness/project.ts'
import type { Registry } from '../harness/registry.ts'
import { type RunningServer, startServer } from '../harness/server.ts'
import { checkKept, checkProject } from './checker.ts'
import { type KeptImage, seeded, workOnce } from './random-work.ts'

/** Seconds; `PORTOLAN_SOAK_SECONDS` makes it a long one. */
const seconds = Number(process.env.PORTOLAN_SOAK_SECONDS ?? 20)
const clients = 12
/** Seconds: collection never rests, and a push has no more time than this. */
const GRACE = 3

let main: RunningServer
/** Killed again and again, with whatever it has in hand. */
let second: RunningServer
let projects: Project[]

beforeAll(async () => {
  const env = { PORTOLAN_GC_GRACE: `${GRACE}s`, PORTOLAN_TRASH_DAYS: '0' }
  main = await startServer({ env })
  second = await startServer({
    env: {
      ...env,
      // The embedded database has room for the pool of one server and a few more.
      PORTOLAN_DATABASE_MAX_CONNECTIONS: '6',
      PORTOLAN_DATABASE_URL: `postgres://portolan@/postgres?host=${path.join(main.dataDirectory, 'postgres')}`,
      PORTOLAN_STORAGE_FILESYSTEM_DIRECTORY: path.join(main.dataDirectory, 'storage'),
      PORTOLAN_SECRET_KEY_FILE: path.join(main.dataDirectory, 'secret.key'),
      PORTOLAN_ADMIN_PASSWORD: main.adminPassword,
    },
  })
  projects = [await createProject(main), await createProject(main)]
})
afterAll(async () => {
  await second?.dispose()
  await main?.dispose()
})

test('pushes, deletions, copies, moves and collection that meet all the time, and a server that dies, lose nothing and leave nothing', {
  timeout: (seconds + 180) * 1000,
}, async () => {
  const admin = openAsAdministrator(main)
  const other = openAsAdministrator(second)
  const seen = new Map<string, number>()
  const faults: string[] = []
  const kept: KeptImage[] = []
  const end = Date.now() + seconds * 1000
  const work = async (seed: number) => {
    const random = seeded(seed)
    const worker = {
      get registry() {
        return random() < 0.5 ? admin : other
      },
      projects: projects.map(({ name }) => name),
      limited: projects[1]?.id ?? 0,
      random,
      saw: (what: string, answer: { status: number; body: Buffer }, allowed: readonly number[]) => {
        const key = `${what} ${answer.status}`
        seen.set(key, (seen.get(key) ?? 0) + 1)
        if (!allowed.includes(answer.status)) faults.push(`${key} ${answer.body.toString('utf8')}`)
      },
      kept: (image: KeptImage) => kept.push(image),
    }
    while (Date.now() < end) {
      await workOnce(worker).catch((error: unknown) => {
        if (!isGone(error)) throw error
      })
    }
  }

  await Promise.all([...Array.from({ length: clients }, (_, seed) => work(seed + 1)), killNowAndThen(end)])

  expect([...faults, ...troubles()]).toEqual([])
  for (const what of [
    'push a manifest 201',
    'push an image to stay 201',
    'delete artifact 200',
    'delete repository 200',
    'copy 201',
    'move 200',
    'label an artifact 200',
    'change a limit 200',
  ]) {
    expect(seen.get(what), what).toBeGreaterThan(0)
  }
  await settle(admin)
  for (const { name } of projects) {
    const { faults: found, referenced, used } = await checkProject(admin, name)
    expect(found).toEqual([])
    expect(used).toBe(referenced)
  }
  expect(await checkKept(admin, kept)).toEqual([])
  expect(await ask(LEFT_BEHIND)).toEqual([])
  expect(await ask(WRONG_COUNTS)).toEqual([])
  const audited = await ask(AUDITED_TO_STAY)
  expect(audited.filter(({ entries }) => entries !== 1)).toEqual([])
  // Every image that was acknowledged is told of; some were taken whose answer the killed server did not give.
  expect(audited.length).toBeGreaterThanOrEqual(kept.length)
  expect(await ask('SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()')).toEqual(
    [{ deadlocks: 0 }],
  )
})

/** What the servers themselves say has gone wrong. */
function troubles(): string[] {
  const lines = [main, second].flatMap((server) => server.log().split('\n'))
  return lines.filter((line) => /"level":"(error|fatal)"/.test(line))
}

/** Kills the second server and starts it again, every few seconds. */
async function killNowAndThen(end: number): Promise<void> {
  const random = seeded(99)
  while (Date.now() < end - 4000) {
    await sleep(2000 + random() * 3000)
    await second.kill()
    await second.restart()
  }
}

function isGone(error: unknown): boolean {
  const { code = '' } = error as { code?: string }
  return ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'].includes(code)
}

/** What is swept behind deletions, and what is of age, goes: collection runs until it finds nothing. */
async function settle(admin: Registry): Promise<void> {
  for (let round = 0; round < 10; round += 1) {
    await sleep((GRACE + 1) * 1000)
    const headers = { 'Content-Type': 'application/json' }
    const body = JSON.stringify({ schedule: { type: 'Manual' }, parameters: {} })
    const started = await admin.send({ method: 'POST', path: '/api/v2.0/system/gc/schedule', headers, body })
    const location = started.headers.location ?? ''
    let run: { job_status: string; job_parameters: string }
    do {
      await sleep(200)
      run = json(await admin.get(location)) as typeof run
    } while (!['Success', 'Error', 'Stopped'].includes(run.job_status))
    const left = (await ask(LEFT_BEHIND)).length
    if (run.job_status === 'Success' && left === 0 && round > 0) return
  }
}

/** Objects that nothing references, and objects half deleted. */
const LEFT_BEHIND = `
  SELECT b.digest, o.state FROM blob_objects o JOIN blobs b ON b.id = o.blob_id
  WHERE o.state = 'deleting'
    OR o.state = 'stored' AND NOT EXISTS (SELECT FROM artifact_blobs ab WHERE ab.blob_id = b.id)`

/** What the audit log counts against what it has. */
const WRONG_COUNTS = `
  SELECT 'audit' AS what FROM (SELECT count(*) AS rows FROM audit_log) log
  WHERE EXISTS (SELECT FROM audit_counts GROUP BY grain HAVING sum(rows) <> log.rows)
    OR EXISTS (SELECT FROM audit_user_counts GROUP BY period = 'infinity' HAVING sum(rows) <> log.rows)`

/** How often the audit log tells of the push of each image that was to stay. */
const AUDITED_TO_STAY = `
  SELECT resource, count(*)::int AS entries FROM audit_log
  WHERE operation = 'create' AND resource LIKE '%/kept:%' GROUP BY resource`

async function ask(statement: string): Promise<Record<string, unknown>[]> {
  const host = path.join(main.dataDirectory, 'postgres')
  const client = new pg.Client({ host, user: 'portolan', database: 'postgres' })
  await client.connect()
  const { rows } = await client.query<Record<string, unknown>>(statement)
  await client.end()
  return rows
}
