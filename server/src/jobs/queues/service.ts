import type { Database } from '../../platform/db/database.ts'
import { stopWaiting } from '../service.ts'
import { pauseKinds, type Queue, resumeKinds, selectPaused, selectQueues } from './store.ts'

/** Stands for all schedules where queues are paused. */
const SCHEDULER = 'SCHEDULER'

/** Harbor's kinds of jobs, in the order in which it lists them. */
const KINDS = [
  'AUDIT_LOGS_GDPR_COMPLIANT',
  'EXECUTION_SWEEP',
  'GARBAGE_COLLECTION',
  'IMAGE_SCAN',
  'P2P_PREHEAT',
  'PURGE_AUDIT_LOG',
  'REPLICATION',
  'RETENTION',
  'SCAN_DATA_EXPORT',
  SCHEDULER,
  'SLACK',
  'SYSTEM_ARTIFACT_CLEANUP',
  'WEBHOOK',
]

/** Work that waits in rows of another slice, under a kind of Harbor's. It looks itself whether the kind is paused. */
export interface OtherQueues {
  select(db: Database): Promise<Queue[]>
  /** Ends what waits of a kind, or of all its kinds. */
  stopWaiting(db: Database, kind: string | undefined): Promise<void>
}

export interface QueuesDeps {
  db: Database
  others?: readonly OtherQueues[]
}

/** All queues, those in which nothing waits too. */
export async function listQueues({ db, others = [] }: QueuesDeps): Promise<(Queue & { paused: boolean })[]> {
  const [paused, ...found] = await Promise.all([
    selectPaused(db),
    selectQueues(db),
    ...others.map((other) => other.select(db)),
  ])
  const queues = found.flat()
  const waiting = new Map(queues.map((queue) => [queue.kind, queue]))

  return [...new Set([...KINDS, ...waiting.keys()])].sort().map((kind) => ({
    kind,
    waiting: waiting.get(kind)?.waiting ?? 0,
    latency: waiting.get(kind)?.latency ?? 0,
    paused: paused.has(kind),
  }))
}

/**
 * Does something to a queue, or to `all`: `stop` ends what waits, `pause` takes nothing more from it, `resume` does
 * again. Of kinds that there are not nothing is said, as in Harbor.
 */
export async function actOnQueue(
  deps: QueuesDeps,
  kind: string,
  action: 'stop' | 'pause' | 'resume',
): Promise<void> {
  if (action === 'stop') {
    const named = kind.toLowerCase() === 'all' ? undefined : kind.toUpperCase()
    await stopWaiting(deps, named)
    for (const other of deps.others ?? []) await other.stopWaiting(deps.db, named)
    return
  }
  const known = (await listQueues(deps)).map((queue) => queue.kind)
  const named = kind.toLowerCase() === 'all' ? known : known.filter((each) => each === kind.toUpperCase())
  if (named.length > 0) await (action === 'pause' ? pauseKinds : resumeKinds)(deps.db, named)
}

/** Whether schedules are paused. */
export async function isSchedulerPaused(deps: { db: Database }): Promise<boolean> {
  return (await selectPaused(deps.db)).has(SCHEDULER)
}
