import { sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import type { LogTail, Status, TakenTask } from './model.ts'

/** How workers take tasks, keep them and let go of them. Times are the database's: clocks of machines differ. */

// All workers take one after the other, for a moment: limits of kinds hold exactly.
const TAKING = 7_241_001
/** A task that so many workers have died over ends. */
const MOST_RUNS = 20

/** Takes up to `free` tasks that are due, at most so many of a kind that its limit holds in the whole fleet. */
export async function takeTasks(
  db: Database,
  workerId: string,
  kinds: readonly { name: string; limit: number }[],
  free: number,
): Promise<TakenTask[]> {
  const names = kinds.map((kind) => kind.name)
  const limits = kinds.map((kind) => kind.limit)
  // The idle case, every second: one look that takes no lock.
  const waiting = await sql<{ found: boolean }>`
    SELECT EXISTS (SELECT FROM tasks WHERE status IN ('Pending', 'Scheduled') AND due_time <= now()
      AND kind = ANY(${names}::text[])) AS found`.execute(db)
  if (!waiting.rows[0]?.found) return []

  return await db.transaction().execute(async (tx) => {
    await sql`SELECT pg_advisory_xact_lock(${TAKING})`.execute(tx)
    const taken = await sql<TakenRow>`
      WITH due AS (
        SELECT t.id, t.due_time FROM unnest(${names}::text[], ${limits}::int[]) AS k(kind, most)
        CROSS JOIN LATERAL (
          SELECT id, due_time FROM tasks
          WHERE tasks.kind = k.kind AND status IN ('Pending', 'Scheduled') AND due_time <= now()
          ORDER BY due_time, id
          LIMIT greatest(0, k.most - (SELECT count(*) FROM tasks WHERE tasks.kind = k.kind AND status = 'Running'))
        ) t
        WHERE NOT EXISTS (SELECT FROM paused_kinds p WHERE p.kind = k.kind)
        ORDER BY t.due_time, t.id LIMIT ${free}
      )
      UPDATE tasks SET status = 'Running', run_count = run_count + 1, worker_id = ${workerId}, heartbeat_time = now(),
        start_time = coalesce(start_time, now()), update_time = now()
      FROM due WHERE tasks.id = due.id AND tasks.status IN ('Pending', 'Scheduled')
      RETURNING tasks.id, execution_id, kind, job_id, input, state, attributes, run_count, failure_count, traceparent`.execute(
      tx,
    )
    return taken.rows.map(toTaken).sort((a, b) => a.id - b.id)
  })
}

/**
 * Says that the worker lives and has these tasks in hand; answers them as the database knows them, with whether they are to stop.
 * A task that is its own by name alone, since it could not write how it ended, is left to die, and to be taken over. One whose
 * row a transaction of its own holds keeps no other from its heartbeat.
 */
export async function beat(
  db: Database,
  workerId: string,
  inHand: readonly { id: number; run: number }[],
): Promise<{ id: number; run: number; stopRequested: boolean }[]> {
  const result = await sql<{ id: number; run_count: number; stop_requested: boolean }>`
    WITH mine AS MATERIALIZED (
      SELECT t.id, t.run_count, t.stop_requested
      FROM unnest(${inHand.map(({ id }) => id)}::bigint[], ${inHand.map(({ run }) => run)}::int[]) AS m(id, run)
      JOIN tasks t ON t.id = m.id AND t.run_count = m.run AND t.worker_id = ${workerId} AND t.status = 'Running'),
    free AS MATERIALIZED (
      SELECT id FROM tasks WHERE id IN (SELECT id FROM mine) AND worker_id = ${workerId} AND status = 'Running'
      FOR NO KEY UPDATE SKIP LOCKED),
    beaten AS (UPDATE tasks SET heartbeat_time = now() FROM free WHERE tasks.id = free.id)
    SELECT id, run_count, stop_requested FROM mine`.execute(db)

  return result.rows.map((row) => ({ id: row.id, run: row.run_count, stopRequested: row.stop_requested }))
}

/**
 * Tasks whose workers have not been heard of for so long that they are dead, and what their logs may lack. Who is busy with one in a
 * transaction lives.
 */
export async function findAbandoned(
  db: Database,
  deadSeconds: number,
): Promise<{ id: number; run: number; executionId: number; logTail: LogTail | undefined }[]> {
  const result = await sql<{ id: number; run_count: number; execution_id: number; log_tail: LogTail | null }>`
    SELECT id, run_count, execution_id, log_tail FROM tasks
    WHERE status = 'Running' AND heartbeat_time < now() - make_interval(secs => ${deadSeconds})
    ORDER BY id FOR NO KEY UPDATE SKIP LOCKED`.execute(db)

  return result.rows.map((row) => ({
    id: row.id,
    run: row.run_count,
    executionId: row.execution_id,
    logTail: row.log_tail ?? undefined,
  }))
}

/**
 * Frees the tasks of a locked execution whose workers have died: they wait again, end if they were to, or are given up. Not those
 * that the caller has `inHand`: however late its heartbeats came, it lives. Nor those whose rows a transaction holds: who is busy
 * in it lives as well, and nobody waits for him.
 */
export async function freeAbandoned(
  tx: Database,
  executionId: number,
  deadSeconds: number,
  inHand: readonly { id: number; run: number }[],
): Promise<void> {
  await sql`
    UPDATE tasks SET worker_id = NULL, heartbeat_time = NULL, due_time = now(), update_time = now(),
      status = CASE WHEN stop_requested THEN 'Stopped' WHEN run_count >= ${MOST_RUNS} THEN 'Error' ELSE 'Pending' END,
      status_message = CASE WHEN NOT stop_requested AND run_count >= ${MOST_RUNS}
        THEN run_count || ' workers ended while they did it' ELSE status_message END,
      end_time = CASE WHEN stop_requested OR run_count >= ${MOST_RUNS} THEN now() END
    FROM (
      SELECT t.id AS dead FROM tasks t
      WHERE t.execution_id = ${executionId} AND t.status = 'Running'
        AND t.heartbeat_time < now() - make_interval(secs => ${deadSeconds})
        AND NOT EXISTS (
          SELECT FROM unnest(${inHand.map(({ id }) => id)}::bigint[], ${inHand.map(({ run }) => run)}::int[]) AS mine(id, run)
          WHERE mine.id = t.id AND mine.run = t.run_count)
      FOR NO KEY UPDATE SKIP LOCKED) found
    WHERE tasks.id = found.dead`.execute(tx)
}

/**
 * Ends a run of a task; answers whether it was still the one. `again`: milliseconds until it is tried once more. Where somebody has
 * asked for its end meanwhile that is now, and it ends as whatever is stopped.
 */
export async function endRun(
  tx: Database,
  task: { id: number; run: number },
  end: { status: Status; message?: string; failures?: number; again?: number },
): Promise<boolean> {
  const over = end.again === undefined
  const result = await sql`
    UPDATE tasks SET status = ${end.status}, status_message = ${end.message ?? ''}, worker_id = NULL,
      heartbeat_time = NULL, log_tail = NULL, update_time = now(), end_time = CASE WHEN ${over} THEN now() END,
      failure_count = coalesce(${end.failures ?? null}::int, failure_count),
      due_time = CASE WHEN ${over} THEN due_time WHEN stop_requested THEN now()
        ELSE now() + make_interval(secs => ${(end.again ?? 0) / 1000}) END
    WHERE id = ${task.id} AND run_count = ${task.run} AND status = 'Running'`.execute(tx)

  return (result.numAffectedRows ?? 0n) > 0n
}

/** Keeps where a run goes on, and what is not in its log yet; answers whether it is still the one. */
export async function saveState(
  db: Database,
  task: { id: number; run: number },
  state: unknown,
  logTail?: LogTail,
): Promise<boolean> {
  const result = await sql`
    UPDATE tasks SET state = ${JSON.stringify(state)}::jsonb, log_tail = ${logTail ? JSON.stringify(logTail) : null}::jsonb,
      update_time = now()
    WHERE id = ${task.id} AND run_count = ${task.run} AND status = 'Running'`.execute(db)

  return (result.numAffectedRows ?? 0n) > 0n
}

/** Adds to what is told of a task; answers whether the run is still the one. */
export async function saveAttributes(
  db: Database,
  task: { id: number; run: number },
  attributes: Record<string, unknown>,
): Promise<boolean> {
  const result = await sql`
    UPDATE tasks SET attributes = attributes || ${JSON.stringify(attributes)}::jsonb, update_time = now()
    WHERE id = ${task.id} AND run_count = ${task.run} AND status = 'Running'`.execute(db)

  return (result.numAffectedRows ?? 0n) > 0n
}

interface TakenRow {
  id: number
  execution_id: number
  kind: string
  job_id: string
  input: unknown
  state: unknown
  attributes: Record<string, unknown>
  run_count: number
  failure_count: number
  traceparent: string | null
}

function toTaken(row: TakenRow): TakenTask {
  return {
    id: row.id,
    executionId: row.execution_id,
    kind: row.kind,
    jobId: row.job_id,
    input: row.input,
    state: row.state ?? undefined,
    attributes: row.attributes,
    run: row.run_count,
    failures: row.failure_count,
    traceparent: row.traceparent ?? undefined,
  }
}
