import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs, promisify } from 'node:util'
import pg from 'pg'
import { temporaryDirectory } from '../../tests/harness/directory.ts'
import { json } from '../../tests/harness/http.ts'
import { administrator, createProject } from '../../tests/harness/project.ts'
import { fetchToken, openRegistry } from '../../tests/harness/registry.ts'
import { openRepository } from '../../tests/harness/repository.ts'
import { startServer } from '../../tests/harness/server.ts'
import { type Cost, readCost } from './cost.ts'
import { fillBlobs } from './fill.ts'

/**
 * A run of the collection over many blobs that nothing references, and what those who list, pull and push meanwhile feel
 * of it: `npm run collection -w bench -- --blobs 1000000`.
 */
const { values: options } = parseArgs({
  options: {
    blobs: { type: 'string', default: '100000' },
    workers: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '20' },
    'dry-run': { type: 'boolean', default: false },
    /** Nobody lists, pulls or pushes meanwhile: what the run alone costs. */
    alone: { type: 'boolean', default: false },
  },
})
const count = Number(options.blobs)
/** Between two requests of a client. */
const PAUSE = 20

const directory = await temporaryDirectory('collection')
const server = await startServer({
  dataDirectory: directory.path,
  // The run is what is measured.
  env: { PORTOLAN_GC_CONTINUOUS: 'false' },
})
const client = new pg.Client({ host: `${directory.path}/postgres`, user: 'portolan', database: 'postgres' })
try {
  await client.connect()
  await measureAll()
} finally {
  await client.end()
  await server.dispose()
  await directory.remove()
}

type Times = Record<'list' | 'manifest' | 'push', number[]>

async function measureAll(): Promise<void> {
  const admin = openRegistry(server.url, administrator(server))
  const project = await createProject(server)
  const repository = `${project.name}/bench`
  const refusal = await admin.as().send({ method: 'POST', path: `/v2/${repository}/blobs/uploads/` })
  const token = await fetchToken(admin, refusal.headers['www-authenticate'] ?? '')
  const pushed = openRepository(admin.as({ token }), repository)
  for (let n = 0; n < 20; n += 1) await pushed.pushImage(`v${n}`)
  const { rows } = await client.query('SELECT id FROM repositories LIMIT 1')
  const filling = performance.now()
  await fillBlobs(client, directory.path, rows[0].id, count)
  print(`${count} blobs filled in ${seconds(filling).toFixed(0)} s`)
  // What filling leaves to do would be taken for idling.
  await promisify(execFile)('sync')
  await client.query('CHECKPOINT')

  const calls = {
    list: () => admin.get(`/api/v2.0/projects/${project.name}/repositories/bench/artifacts?page_size=10`),
    manifest: () => pushed.registry.get(pushed.at('manifests/v1')),
    push: () => pushed.pushImage('moved'),
  }
  await measure(calls, () => sleep(options.alone ? 0 : 20_000))
  const rest = () => sleep(options.alone ? 0 : Number(options.seconds) * 1000)
  const idle = await measure(calls, rest)
  let rate = 0
  let took = 0
  const before = await readCost(client, server.pid)
  const during = await measure(calls, async () => {
    const begin = performance.now()
    await run(admin)
    took = seconds(begin)
    rate = count / took
  })
  printCost(before, await readCost(client, server.pid), took)
  const after = await measure(calls, rest)

  const left = await client.query(
    `SELECT count(*)::int AS count FROM blob_objects o JOIN blobs b ON b.id = o.blob_id
      WHERE (o.state <> 'deleted' OR EXISTS (SELECT FROM doomed_objects d WHERE d.object_id = o.id))
        AND b.creation_time < now() - interval '1 day'`,
  )
  print(`${rate.toFixed(0)} blobs a second; ${left.rows[0].count} objects are left`)
  if (options.alone) return
  for (const name of ['list', 'manifest', 'push'] as const) {
    const [before, busy, again] = [idle, during, after].map((times) => p95(times[name])) as [
      number,
      number,
      number,
    ]
    print(
      `${name}: p95 ${before.toFixed(1)} ms idle, ${busy.toFixed(1)} ms during (${during[name].length} calls), ` +
        `${again.toFixed(1)} ms afterwards; ratio ${(busy / before).toFixed(2)} and ${(busy / again).toFixed(2)}`,
    )
  }
}

/** With what the clients cost meanwhile. */
function printCost(before: Cost, after: Cost, took: number): void {
  const per = (name: keyof Cost) => (after[name] - before[name]) / count
  print(
    `in ${took.toFixed(0)} s, for each blob: ${(per('server') * 1000).toFixed(3)} ms of the server, ` +
      `${(per('database') * 1000).toFixed(3)} ms of the database, ${per('wal').toFixed(0)} bytes of its log ` +
      `(${per('pages').toFixed(2)} whole pages)`,
  )
}

async function run(admin: ReturnType<typeof openRegistry>): Promise<void> {
  const answer = await admin.send({
    method: 'POST',
    path: '/api/v2.0/system/gc/schedule',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      schedule: { type: 'Manual' },
      parameters: { workers: Number(options.workers), dry_run: options['dry-run'] },
    }),
  })
  if (answer.status !== 201) throw new Error(`no run: ${answer.status} ${answer.body.toString('utf8')}`)
  for (;;) {
    await sleep(500)
    const [last] = json(await admin.get('/api/v2.0/system/gc?page_size=1')) as { job_status: string }[]
    if (last?.job_status === 'Success') return
    if (last?.job_status === 'Error') throw new Error('the run failed')
  }
}

/** One client for each of the calls, over and over, until `period` is over. */
async function measure(
  calls: Record<keyof Times, () => Promise<unknown>>,
  period: () => Promise<unknown>,
): Promise<Times> {
  const times: Times = { list: [], manifest: [], push: [] }
  let over = false
  const clients = Object.entries(options.alone ? {} : calls).map(async ([name, call]) => {
    while (!over) {
      const begin = performance.now()
      await call()
      times[name as keyof Times].push(performance.now() - begin)
      await sleep(PAUSE)
    }
  })
  await period()
  over = true
  await Promise.all(clients)

  return times
}

function p95(times: readonly number[]): number {
  return times.toSorted((one, other) => one - other)[Math.floor(times.length * 0.95)] ?? Number.NaN
}

function seconds(since: number): number {
  return (performance.now() - since) / 1000
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
