import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { json } from '../harness/http.ts'
import { createProject, openAsAdministrator, type Project } from '../harness/project.ts'
import type { Registry } from '../harness/registry.ts'
import { checkKept, checkProject } from './checker.ts'
import { type Fleet, startFleet } from './fleet.ts'
import { purgeAll } from './more-work.ts'
import { workOnce } from './random-work.ts'
import { seeToAll } from './scripted-work.ts'
import { type KeptImage, seeded, type Worker } from './worker.ts'

/** Seconds; `PORTOLAN_SOAK_SECONDS` makes it a long one. */
const seconds = Number(process.env.PORTOLAN_SOAK_SECONDS ?? 120)
const clients = 12
/** Seconds: collection never rests, and a push has no more time than this. */
const GRACE = 4

/** Each of these must have happened, or the run proves nothing of it. */
const WORK = [
  'push a manifest 201',
  'push an image to stay 201',
  'push a blob 201',
  'leave a blob 201',
  'pull a manifest 200',
  'pull a blob 200',
  'pull a blob to stay 200',
  'reuse without sending 201',
  'mount 201',
  'push what was mounted 201',
  'move a tag 201',
  'tag 201',
  'delete tag 202',
  'delete artifact 200',
  'delete repository 200',
  'restore artifact 200',
  'restore tag 200',
  'restore repository 200',
  'purge artifact 200',
  'purge tag 200',
  'purge repository 200',
  'copy 201',
  'move 200',
  'label an artifact 200',
  'change a limit 200',
  'start a collection 201',
]

let fleet: Fleet
/** Two in which all meet, and one of the client who sees to it that everything happens. */
let projects: Project[]

beforeAll(async () => {
  fleet = await startFleet({
    PORTOLAN_GC_GRACE: `${GRACE}s`,
    PORTOLAN_TRASH_DAYS: '7',
    PORTOLAN_DATABASE_MAX_CONNECTIONS: '15',
  })
  const [web] = fleet.webs
  projects = [await createProject(web), await createProject(web), await createProject(web)]
})
afterAll(() => fleet?.dispose())

test('pushes, deletions, copies, moves, restorations and collection that meet all the time, and processes that die, lose nothing and leave nothing', {
  timeout: (seconds + 240) * 1000,
}, async () => {
  const [admin, other] = fleet.webs.map(openAsAdministrator) as [Registry, Registry]
  const seen = new Map<string, number>()
  const faults: string[] = []
  const kept: KeptImage[] = []
  const end = Date.now() + seconds * 1000
  const saw = (what: string, answer: { status: number; body: Buffer }, allowed: readonly number[]) => {
    const key = `${what} ${answer.status}`
    seen.set(key, (seen.get(key) ?? 0) + 1)
    if (allowed.includes(answer.status)) return
    const fault = `${new Date().toISOString()} ${key} ${answer.body.toString('utf8').slice(0, 500)}`
    faults.push(fault)
    tell({ fault })
  }
  const client = (seed: number) => {
    const random = seeded(seed)
    return {
      get registry() {
        return random() < 0.5 ? admin : other
      },
      projects: projects.slice(0, 2).map(({ name }) => name),
      limited: projects[1]?.id ?? 0,
      graceSeconds: GRACE,
      random,
      saw,
      keptSoFar: kept,
      kept: (image: KeptImage) => kept.push(image),
    }
  }
  const work = async (seed: number) => {
    const worker = client(seed)
    while (Date.now() < end) {
      await workOnce(worker).catch((error: unknown) => {
        if (!isGone(error)) throw error
      })
    }
  }

  await Promise.all([
    ...Array.from({ length: clients }, (_, seed) => work(seed + 1)),
    seeToAll(client(clients + 1), projects[2] as Project, {
      isDone: () => WORK.every((what) => seen.has(what)),
      isGone,
    }),
    fleet.killNowAndThen(end, seeded(99)),
  ])

  tell({ seen: Object.fromEntries([...seen].sort()), kills: fleet.kills })
  expect([...faults, ...fleet.troubles()]).toEqual([])
  expect(WORK.filter((what) => !seen.has(what))).toEqual([])
  await settle(admin, saw)
  expect(faults).toEqual([])
  for (const { name } of projects) {
    const { faults: found, digests, referenced, used } = await checkProject(admin, name)
    expect(found).toEqual([])
    expect(await fleet.ask(countedInVain(name, digests))).toEqual([])
    expect(used).toBe(referenced)
  }
  expect(await checkKept(admin, kept)).toEqual([])
  expect(await fleet.ask(LEFT_BEHIND)).toEqual([])
  // Of pushes that were cut off there are objects without a row: they are put aside, and nothing else is found.
  const scrubbed = JSON.parse((await runToEnd(admin, 'scrub', {}))?.job_parameters ?? '{}')
  expect(scrubbed).toMatchObject({ missing: 0, damaged: 0, unreadable: 0, foreign: 0, undecided: 0 })
  expect(await fleet.report()).toMatchObject({ code: 0 })
  expect(await fleet.ask(UNFINISHED)).toEqual([])
  expect(await fleet.ask(WRONG_COUNTS)).toEqual([])
  const audited = await fleet.ask(AUDITED_TO_STAY)
  expect(audited.filter(({ entries }) => entries !== 1)).toEqual([])
  // Every image that was acknowledged is told of; some were taken whose answer the killed server did not give.
  expect(audited.length).toBeGreaterThanOrEqual(kept.length)
  // Whoever is in one tries again; each is an order of locks to mend.
  expect(fleet.circles()).toEqual([])
})

function isGone(error: unknown): boolean {
  const { code = '' } = error as { code?: string }
  return ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'].includes(code)
}

/**
 * What can be restored is purged, runs that were taken over put more of it into the trash; what is swept behind deletions,
 * and what is of age, goes: collection runs until it finds nothing.
 */
async function settle(admin: Registry, saw: Worker['saw']): Promise<void> {
  for (let round = 0; round < 20; round += 1) {
    for (const { name } of projects) await purgeAll({ registry: admin, saw }, name)
    await sleep((GRACE + 1) * 1000)
    const run = await runToEnd(admin, 'gc/schedule', { schedule: { type: 'Manual' }, parameters: {} })
    // A run of before is being taken over.
    if (!run) continue
    const left = (await fleet.ask(LEFT_BEHIND)).length
    if (run.job_status === 'Success' && left === 0 && round > 0) return
  }
}

/** Has the system do something and waits for its end; undefined where it is refused. */
async function runToEnd(
  admin: Registry,
  what: string,
  order: object,
): Promise<{ job_status: string; job_parameters: string } | undefined> {
  const headers = { 'Content-Type': 'application/json' }
  const body = JSON.stringify(order)
  const started = await admin.send({ method: 'POST', path: `/api/v2.0/system/${what}`, headers, body })
  if (started.status !== 201) return undefined
  for (;;) {
    await sleep(200)
    const run = json(await admin.get(started.headers.location ?? '')) as {
      job_status: string
      job_parameters: string
    }
    if (['Success', 'Error', 'Stopped'].includes(run.job_status)) return run
  }
}

/** Objects that nothing references, and objects half deleted. */
const LEFT_BEHIND = `
  SELECT b.digest, o.state, ARRAY(
      SELECT format('%s in the trash of repository %s (%s), deleted %s', ta.id, r.id, r.name, r.deletion_time)
      FROM trashed_blobs tb JOIN trashed_artifacts ta ON ta.id = tb.trash_id
      JOIN repositories r ON r.id = ta.repository_id WHERE tb.blob_id = b.id LIMIT 3) AS kept_by
  FROM blob_objects o JOIN blobs b ON b.id = o.blob_id
  WHERE EXISTS (SELECT FROM doomed_objects d WHERE d.object_id = o.id)
    OR o.state = 'stored' AND NOT EXISTS (SELECT FROM artifact_blobs ab WHERE ab.blob_id = b.id)`

/** What counts in a project although nothing that it shows references it, and what does reference it. */
const countedInVain = (project: string, digests: readonly string[]) => `
  SELECT b.digest, pb.bytes::int, ARRAY(
      SELECT format('%s, of %s, in %s (deleted %s)', a.digest, a.subject_digest, r.name, r.deletion_time)
      FROM artifact_blobs ab JOIN artifacts a ON a.id = ab.artifact_id JOIN repositories r ON r.id = a.repository_id
      WHERE ab.blob_id = b.id AND r.project_id = p.id) AS referenced_by
  FROM project_blobs pb JOIN blobs b ON b.id = pb.blob_id JOIN projects p ON p.id = pb.project_id
  WHERE p.name = '${project}' AND b.digest <> ALL('{${digests.join(',')}}'::text[])`

/** What the audit log counts against what it has. */
const WRONG_COUNTS = `
  SELECT 'audit' AS what FROM (SELECT count(*) AS rows FROM audit_log) log
  WHERE EXISTS (SELECT FROM audit_counts GROUP BY grain HAVING sum(rows) <> log.rows)
    OR EXISTS (SELECT FROM audit_user_counts GROUP BY period = 'infinity' HAVING sum(rows) <> log.rows)`

/** How often the audit log tells of the push of each image that was to stay. */
const AUDITED_TO_STAY = `
  SELECT resource, count(*)::int AS entries FROM audit_log
  WHERE operation = 'create' AND resource LIKE '%/kept:%' GROUP BY resource`

/** Runs of jobs that are not over, or that ended otherwise than well. */
const UNFINISHED = `SELECT vendor_type, status, status_message FROM executions WHERE status <> 'Success'`

/** For who runs it by hand. */
function tell(result: object): void {
  if (process.env.PORTOLAN_SOAK_SECONDS === undefined) return
  process.stdout.write(`${JSON.stringify(result, undefined, 1)}\n`)
}
