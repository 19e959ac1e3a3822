import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Moments, watchMoments } from './moments.ts'
import { type JobSite, startJobSite } from './site.ts'
import { type Outcome, WORKS } from './work.ts'

/** In how many moments each kind of work is killed; all of them are twenty and more. */
const rounds = Number(process.env.PORTOLAN_JOB_KILLS ?? 8)
const KINDS = WORKS.map(({ kind }) => kind)

let site: JobSite
let moments: Moments

beforeAll(async () => {
  site = await startJobSite({
    PORTOLAN_JOBS_TAKE_OVER_SECONDS: '3',
    PORTOLAN_GC_GRACE: '1s',
    PORTOLAN_GC_CONTINUOUS: 'false',
  })
  moments = await watchMoments(site.databaseUrl, KINDS)
})
afterAll(async () => {
  await moments?.close()
  await site?.dispose()
})

interface Ended extends Outcome {
  id: number
  status: string
  runs: number
}

test('a worker that is killed in any moment of any kind of work leaves it to be done once, and its log and status true', {
  timeout: (rounds * 30 + 60) * 1000,
}, async () => {
  const seen = new Map<string, Set<number>>(KINDS.map((kind) => [kind, new Set()]))
  await doRound(0, new Map())
  const lengths = new Map<string, number>()
  for (const kind of KINDS) lengths.set(kind, await moments.passed(kind))

  for (let round = 1; round <= rounds; round += 1) {
    const aims = new Map(
      [...lengths].map(([kind, length]) => [kind, 1 + Math.floor(((round - 1) * length) / rounds)]),
    )
    for (const kind of await doRound(round, aims)) seen.get(kind)?.add(aims.get(kind) ?? 0)
  }

  const most = Math.min(...lengths.values(), rounds)
  for (const [kind, at] of seen) expect(at.size, kind).toBeGreaterThanOrEqual(Math.floor(most * 0.7))
  expect(
    site.worker
      .log()
      .split('\n')
      .filter((line) => /"level":"(error|fatal)"/.test(line)),
  ).toEqual([])
})

/** Has a run of each kind done, with a worker that is killed when each has come to its moment; answers which had. */
async function doRound(round: number, aims: Map<string, number>): Promise<string[]> {
  await site.ask('INSERT INTO paused_kinds (kind) SELECT unnest($1::text[])', [KINDS])
  const checks = []
  for (const { kind, prepare } of WORKS) checks.push({ kind, check: await prepare(site, round) })
  for (const kind of KINDS) await moments.aim(kind, aims.get(kind) ?? 0)
  // One worker takes one of each, in one go.
  await site.ask('DELETE FROM paused_kinds')
  const killed = aims.size === 0 ? [] : await killWhenAllStand(round)

  await expect.poll(openTasks, { timeout: 60_000, interval: 100 }).toEqual([])
  for (const { kind, check } of checks) {
    const ended = await lookAt(kind)
    const where = `${kind}, killed in moment ${aims.get(kind)}`
    expect(ended.status, where).toBe('Success Success')
    expect(ended.runs, where).toBeLessThanOrEqual(2)
    await check(ended).catch((error: Error) => {
      error.message = `${where}: ${error.message}\n${ended.log.slice(-1500)}`
      throw error
    })
    const times = ended.log.split('\n').flatMap((line) => /^\S+Z/.exec(line) ?? [])
    expect(times, where).toEqual(times.toSorted())
    const ends = `SELECT payload->>'status' AS status FROM told
      WHERE type = 'execution.ended' AND payload->>'executionId' = $1`
    expect(await site.ask(ends, [String(ended.id)]), where).toEqual([{ status: 'Success' }])
  }
  return killed
}

const openTasks = () =>
  site.ask(`SELECT kind, status FROM tasks WHERE status IN ('Pending', 'Scheduled', 'Running')`)

/** Some wait for what others hold that stand: then those that stand are all there will be. */
async function killWhenAllStand(round: number): Promise<string[]> {
  let held: string[] = []
  for (
    let patience = Date.now() + 15_000;
    held.length < KINDS.length && Date.now() < patience;
    await sleep(30)
  ) {
    const now = await moments.held()
    if (now.length > held.length) patience = Date.now() + 3000
    held = now
  }
  await site.worker.kill()
  for (const kind of KINDS) await moments.aim(kind, 0)
  if (round % 2 === 0) await moments.letGo()
  else await moments.undo()
  await site.worker.restart()
  return held
}

async function lookAt(kind: string): Promise<Ended> {
  const [row] = await site.ask<Omit<Ended, 'log'> & { job: string }>(
    `SELECT e.id::int, e.status || ' ' || t.status AS status, t.run_count AS runs, t.attributes, t.job_id AS job
    FROM executions e JOIN tasks t ON t.execution_id = e.id WHERE e.vendor_type = $1 ORDER BY t.id DESC LIMIT 1`,
    [kind],
  )
  if (!row) throw new Error(`no run of ${kind}`)
  const log = await site.admin.get(`/api/v2.0/jobservice/jobs/${row.job}/log`)
  return { ...row, log: log.body.toString('utf8') }
}
