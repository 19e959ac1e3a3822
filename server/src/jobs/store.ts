import { sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import { currentTraceparent } from '../platform/tracing/traceparent.ts'
import { executionStatus, isOver, type Order, type Status, type Trigger } from './model.ts'

/** Executions and their tasks as they come, stop and go. Whoever writes both locks the execution first. */

/** Writes an execution that has no task yet; answers its id. */
export async function insertExecution(
  tx: Database,
  execution: { vendorType: string; vendorId: number; trigger: Trigger; attributes: Record<string, unknown> },
  status: Status,
): Promise<number> {
  const row = await tx
    .insertInto('executions')
    .values({
      vendor_type: execution.vendorType,
      vendor_id: execution.vendorId,
      trigger: execution.trigger,
      status,
      attributes: JSON.stringify(execution.attributes),
      end_time: isOver(status) ? sql<Date>`now()` : null,
    })
    .returning('id')
    .executeTakeFirstOrThrow()

  return row.id
}

/** Adds tasks to an execution. */
export async function insertTasks(
  tx: Database,
  executionId: number,
  orders: readonly (Order & { jobId: string })[],
): Promise<void> {
  if (orders.length === 0) return
  await sql`
    INSERT INTO tasks (execution_id, kind, job_id, input, attributes, traceparent)
    SELECT ${executionId}, kind, job_id, input, attributes, ${currentTraceparent() ?? null}::text
    FROM unnest(${orders.map((order) => order.kind)}::text[], ${orders.map((order) => order.jobId)}::text[],
      ${orders.map((order) => JSON.stringify(order.input ?? null))}::jsonb[],
      ${orders.map((order) => JSON.stringify(order.attributes ?? {}))}::jsonb[])
      WITH ORDINALITY AS o(kind, job_id, input, attributes, position)
    ORDER BY position`.execute(tx)
}

/** Locks an execution until the transaction ends; answers whether it is there. */
export async function lockExecution(tx: Database, id: number): Promise<boolean> {
  const row = await tx
    .selectFrom('executions')
    .select('id')
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst()

  return row !== undefined
}

/** Writes what a locked execution is, after its tasks have changed; answers what it was before and is now. */
export async function refreshExecution(
  tx: Database,
  id: number,
): Promise<{ before: Status; status: Status; vendorType: string; vendorId: number }> {
  const rows = await tx
    .selectFrom('tasks')
    .select((eb) => ['status', eb.fn.countAll<number>().as('count')])
    .where('execution_id', '=', id)
    .groupBy('status')
    .execute()
  const status = executionStatus(Object.fromEntries(rows.map((row) => [row.status, Number(row.count)])))
  const result = await sql<{ before: Status; vendor_type: string; vendor_id: number }>`
    UPDATE executions SET status = ${status}, update_time = now(),
      end_time = CASE WHEN ${isOver(status)} THEN coalesce(executions.end_time, now()) END,
      status_message = coalesce(nullif((SELECT status_message FROM tasks
        WHERE execution_id = ${id} AND status = 'Error' ORDER BY id LIMIT 1), ''), executions.status_message)
    FROM (SELECT id, status FROM executions WHERE id = ${id}) AS before
    WHERE executions.id = before.id
    RETURNING before.status AS before, vendor_type, vendor_id`.execute(tx)
  const row = result.rows[0]
  if (!row) throw new Error(`execution ${id} is gone`)

  return { before: row.before, status, vendorType: row.vendor_type, vendorId: row.vendor_id }
}

/** Ends tasks of a locked execution that wait and leaves those that run; with `kind`, of that kind alone. */
export async function stopWaitingTasks(tx: Database, executionId: number, kind?: string): Promise<void> {
  await sql`
    UPDATE tasks SET stop_requested = true, status = 'Stopped', end_time = now(), update_time = now()
    WHERE execution_id = ${executionId} AND status IN ('Pending', 'Scheduled')
      AND (${kind ?? null}::text IS NULL OR kind = ${kind ?? null})`.execute(tx)
}

/** Ends the tasks of a locked execution that wait, and asks for the end of those that run; with `taskId`, of that one. */
export async function stopTasks(tx: Database, executionId: number, taskId?: number): Promise<void> {
  await sql`
    UPDATE tasks SET
      stop_requested = true, update_time = now(),
      status = CASE WHEN status = 'Running' THEN status ELSE 'Stopped' END,
      end_time = CASE WHEN status = 'Running' THEN end_time ELSE now() END
    WHERE execution_id = ${executionId} AND status IN ('Pending', 'Scheduled', 'Running')
      AND (${taskId ?? null}::bigint IS NULL OR id = ${taskId ?? null})`.execute(tx)
}

/** Executions that have waiting tasks of the kinds, all kinds where none is named, from the lowest id on. */
export async function findWaitingExecutions(
  db: Database,
  kind: string | undefined,
  limit: number,
): Promise<number[]> {
  const rows = await db
    .selectFrom('tasks')
    .select('execution_id')
    .distinct()
    .where('status', 'in', ['Pending', 'Scheduled'])
    .$if(kind !== undefined, (query) => query.where('kind', '=', kind ?? ''))
    .orderBy('execution_id')
    .limit(limit)
    .execute()

  return rows.map((row) => row.execution_id)
}

/** Executions that have tasks which are not over. */
export async function findOpenExecutions(db: Database, limit: number): Promise<number[]> {
  const rows = await db
    .selectFrom('tasks')
    .select('execution_id')
    .distinct()
    .where('status', 'in', ['Pending', 'Scheduled', 'Running'])
    .orderBy('execution_id')
    .limit(limit)
    .execute()

  return rows.map((row) => row.execution_id)
}

/**
 * Deletes some executions that are over, with their tasks, of each vendor beyond its newest `keep`; answers the ids of the
 * tasks, whose logs are to go too.
 */
export async function deleteOldExecutions(
  tx: Database,
  keep: number,
  limit: number,
): Promise<{ executions: number; taskIds: number[] }> {
  const rows = await sql<{ id: number }>`
    SELECT e.id FROM (
      SELECT id, end_time, row_number() OVER (
        PARTITION BY vendor_type, vendor_id ORDER BY start_time DESC, id DESC) AS place
      FROM executions) e
    WHERE e.place > ${keep} AND e.end_time IS NOT NULL ORDER BY e.id LIMIT ${limit}`.execute(tx)
  const ids = rows.rows.map((row) => row.id)

  return { executions: ids.length, taskIds: await deleteLocked(tx, ids) }
}

/**
 * Deletes everything of a vendor that is gone, a policy: what runs is lost to its worker, and ends there. Answers the ids
 * of the tasks, whose logs are to go too.
 */
export async function deleteExecutionsOf(
  tx: Database,
  vendorType: string,
  vendorId: number,
): Promise<number[]> {
  const locked = await tx
    .selectFrom('executions')
    .select('id')
    .where('vendor_type', '=', vendorType)
    .where('vendor_id', '=', vendorId)
    .orderBy('id')
    .forUpdate()
    .execute()

  return await deleteLocked(
    tx,
    locked.map((row) => row.id),
  )
}

async function deleteLocked(tx: Database, ids: readonly number[]): Promise<number[]> {
  if (ids.length === 0) return []
  const tasks = await tx
    .deleteFrom('tasks')
    .where('execution_id', 'in', [...ids])
    .returning('id')
    .execute()
  await tx
    .deleteFrom('executions')
    .where('id', 'in', [...ids])
    .execute()

  return tasks.map((task) => task.id)
}
