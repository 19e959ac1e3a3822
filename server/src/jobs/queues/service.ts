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

/** All queues, those in which nothing waits too. */
export async function listQueues(deps: { db: Database }): Promise<(Queue & { paused: boolean })[]> {
  const [queues, paused] = await Promise.all([selectQueues(deps.db), selectPaused(deps.db)])
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
  deps: { db: Database },
  kind: string,
  action: 'stop' | 'pause' | 'resume',
): Promise<void> {
  if (action === 'stop') {
    await stopWaiting(deps, kind.toLowerCase() === 'all' ? undefined : kind.toUpperCase())
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
