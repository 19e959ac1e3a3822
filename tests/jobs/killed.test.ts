import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Moments, watchMoments } from './moments.ts'
import { repositoryRestore } from './restore-work.ts'
import { scrub } from './scrub-work.ts'
import { type JobSite, startJobSite } from './site.ts'
import { webhooks } from './webhook-work.ts'
import { type Outcome, WORKS, type Work } from './work.ts'

/** In how many moments each kind of work is killed; all of them have twenty and more, but for small ones that have fewer. */
const rounds = Number(process.env.PORTOLAN_JOB_KILLS ?? 4)

/**
 * Kinds that are at work at once, each group in a database of its own: the scrub looks at what the others leave, and waits for
 * transactions that stand.
 */
const GROUPS: [string, readonly Work[]][] = [
  ['jobs and webhooks', [...WORKS, repositoryRestore, webhooks]],
  ['scrub', [scrub]],
]

interface Ended extends Outcome {
  id: number
  status: string
  runs: number
}

test('there is no kind of work that is killed nowhere', async () => {
  const list = await readFile(path.resolve(import.meta.dirname, '../../server/src/app/jobs.ts'), 'utf8')
  const kinds = /^ {4}kinds: \[$(.*?)^ {4}\],$/ms.exec(list)?.[1] ?? ''
  const made = [...kinds.matchAll(/^ {6}(\w+)\(/gm)].map((match) => match[1])
  const killed = GROUPS.flatMap(([, works]) => works.flatMap(({ factory }) => factory ?? []))

  expect(made.length).toBeGreaterThan(0)
  expect(killed.toSorted()).toEqual(made.toSorted())
})

describe.each(GROUPS)('%s', (_, works) => {
  const kinds = works.map(({ kind }) => kind)
  let site: JobSite
  let moments: Moments

  beforeAll(async () => {
    site = await startJobSite({
      PORTOLAN_JOBS_TAKE_OVER_SECONDS: '3',
      PORTOLAN_GC_GRACE: '1s',
      PORTOLAN_GC_CONTINUOUS: 'false',
      // Each kind that stands has a connection of the worker: none is to wait for another one's.
      PORTOLAN_DATABASE_MAX_CONNECTIONS: '45',
    })
    moments = await watchMoments(site.databaseUrl, kinds)
  })
  afterAll(async () => {
    await moments?.close()
    await site?.dispose()
  })

  test('a worker that is killed in any moment of any kind of work leaves it to be done once, and its log and status true', {
    timeout: (rounds * 60 + 180) * 1000,
  }, async () => {
    const seen = new Map<string, Set<number>>(kinds.map((kind) => [kind, new Set()]))
    await doRound(0, new Map())
    const lengths = new Map<string, number>()
    for (const kind of kinds) lengths.set(kind, await moments.passed(kind))

    for (let round = 1; round <= rounds; round += 1) {
      const aims = new Map(
        [...lengths].map(([kind, length]) => [kind, 1 + Math.floor(((round - 1) * length) / rounds)]),
      )
      const killed = await doRound(round, aims)
      for (const kind of killed) seen.get(kind)?.add(aims.get(kind) ?? 0)
      if (process.env.PORTOLAN_JOB_KILLS)
        process.stdout.write(
          `round ${round}: ${killed.length} of ${kinds.length} kinds stood and were killed\n`,
        )
    }

    if (process.env.PORTOLAN_JOB_KILLS) tell(lengths, seen)
    for (const [kind, at] of seen) {
      const most = Math.min(lengths.get(kind) ?? 0, rounds)
      expect(at.size, kind).toBeGreaterThanOrEqual(Math.floor(most * 0.7))
    }
    expect(
      site.worker
        .log()
        .split('\n')
        .filter((line) => /"level":"(error|fatal)"/.test(line)),
    ).toEqual([])
  })

  /** Has a run of each kind done, with a worker that is killed when each has come to its moment; answers which had. */
  async function doRound(round: number, aims: Map<string, number>): Promise<string[]> {
    await site.ask('INSERT INTO paused_kinds (kind) SELECT unnest($1::text[])', [kinds])
    const checks = []
    for (const work of works) checks.push({ ...work, check: await work.prepare(site, round) })
    for (const kind of kinds) await moments.aim(kind, aims.get(kind) ?? 0)
    // One worker takes one of each, in one go.
    await site.ask('DELETE FROM paused_kinds')
    const killed = aims.size === 0 ? [] : await killWhenAllStand(round)

    await expect.poll(() => site.ask(OPEN), { timeout: 120_000, interval: 100 }).toEqual([])
    for (const { kind, factory, check } of checks) {
      const where = `${kind}, killed in moment ${aims.get(kind)}`
      const ended = factory === undefined ? { attributes: {}, log: '' } : await lookAt(kind, where)
      await check(ended).catch((error: Error) => {
        error.message = `${where}: ${error.message}\n${ended.log.slice(-1500)}`
        throw error
      })
    }
    return killed
  }

  /** Some wait for what others hold that stand: once nothing moves, those that stand are all there will be. */
  async function killWhenAllStand(round: number): Promise<string[]> {
    let held: string[] = []
    let before = ''
    for (
      let patience = Date.now() + 15_000;
      held.length < kinds.length && Date.now() < patience;
      await sleep(50)
    ) {
      held = await moments.held()
      const passed = []
      for (const kind of kinds) passed.push(await moments.passed(kind))
      const now = JSON.stringify([held, passed])
      if (now !== before && held.length > 0) patience = Date.now() + 4000
      before = now
    }
    await site.worker.kill()
    for (const kind of kinds) await moments.aim(kind, 0)
    if (round % 2 === 0) await moments.letGo()
    else await moments.undo()
    await site.worker.restart()
    return held
  }

  /** The run of a kind that has just ended, of which all must be true that must be of any. */
  async function lookAt(kind: string, where: string): Promise<Outcome> {
    const [row] = await site.ask<Omit<Ended, 'log'> & { job: string }>(
      `SELECT e.id::int, e.status || ' ' || t.status AS status, t.run_count AS runs, t.attributes, t.job_id AS job
      FROM executions e JOIN tasks t ON t.execution_id = e.id WHERE e.vendor_type = $1 ORDER BY t.id DESC LIMIT 1`,
      [kind],
    )
    if (!row) throw new Error(`no run of ${kind}`)
    expect(row.status, where).toBe('Success Success')
    expect(row.runs, where).toBeLessThanOrEqual(2)
    const log = (await site.admin.get(`/api/v2.0/jobservice/jobs/${row.job}/log`)).body.toString('utf8')
    const times = log.split('\n').flatMap((line) => /^\S+Z/.exec(line) ?? [])
    expect(times, where).toEqual(times.toSorted())
    const ends = `SELECT payload->>'status' AS status FROM told
      WHERE type = 'execution.ended' AND payload->>'executionId' = $1`
    expect(await site.ask(ends, [String(row.id)]), where).toEqual([{ status: 'Success' }])
    return { attributes: row.attributes, log }
  }
})

const OPEN = `
  SELECT kind, status FROM tasks WHERE status IN ('Pending', 'Scheduled', 'Running')
  UNION ALL
  SELECT 'WEBHOOK', status FROM webhook_deliveries WHERE status IN ('Pending', 'Scheduled')`

/** For who runs it by hand: how many moments each kind has, and in how many it was killed. */
function tell(lengths: Map<string, number>, seen: Map<string, Set<number>>): void {
  for (const [kind, length] of lengths) {
    process.stdout.write(`${kind}: ${length} moments, killed in ${[...(seen.get(kind) ?? [])].join(' ')}\n`)
  }
}
