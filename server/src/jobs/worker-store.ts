import { sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'

/** A worker says every five seconds at the latest that it is there. */
const SEEN_SECONDS = 15

/** A process that runs tasks. */
export interface WorkerPool {
  id: string
  host: string
  pid: number
  /** How many tasks it runs at once. */
  concurrency: number
  startTime: Date
  heartbeatTime: Date
}

/** A task as a worker has it in hand. */
export interface RunningTask {
  workerId: string
  kind: string
  jobId: string
  startTime: Date
  updateTime: Date
}

/** Says that a worker is there. Those that are long dead are forgotten. */
export async function saveWorker(
  db: Database,
  worker: { id: string; host: string; pid: number; concurrency: number },
): Promise<void> {
  await db
    .insertInto('workers')
    .values(worker)
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ heartbeat_time: sql<Date>`now()` }))
    .execute()
  await db.deleteFrom('workers').where('heartbeat_time', '<', sql<Date>`now() - interval '1 hour'`).execute()
}

export async function removeWorker(db: Database, id: string): Promise<void> {
  await db.deleteFrom('workers').where('id', '=', id).execute()
}

/** Workers that live. */
export async function selectWorkers(db: Database): Promise<WorkerPool[]> {
  const rows = await db
    .selectFrom('workers')
    .selectAll()
    .where('heartbeat_time', '>', sql<Date>`now() - make_interval(secs => ${SEEN_SECONDS})`)
    .orderBy('start_time')
    .orderBy('id')
    .execute()

  return rows.map((row) => ({
    id: row.id,
    host: row.host,
    pid: row.pid,
    concurrency: row.concurrency,
    startTime: row.start_time,
    heartbeatTime: row.heartbeat_time,
  }))
}

/** What the workers have in hand. */
export async function selectRunning(db: Database): Promise<RunningTask[]> {
  const rows = await db
    .selectFrom('tasks')
    .select(['worker_id', 'kind', 'job_id', 'start_time', 'update_time'])
    .where('status', '=', 'Running')
    .where('worker_id', 'is not', null)
    .orderBy('id')
    .execute()

  return rows.map((row) => ({
    workerId: row.worker_id ?? '',
    kind: row.kind,
    jobId: row.job_id,
    startTime: row.start_time ?? row.update_time,
    updateTime: row.update_time,
  }))
}
