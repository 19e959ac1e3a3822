import { randomBytes } from 'node:crypto'
import type { Database } from '../platform/db/database.ts'
import { DomainError } from '../platform/errors.ts'
import { emit } from '../platform/events/outbox.ts'
import { findTaskByJob } from './list-store.ts'
import { isOver, type Order, type Status, type Trigger } from './model.ts'
import {
  findOpenExecutions,
  findWaitingExecutions,
  insertExecution,
  insertTasks,
  lockExecution,
  refreshExecution,
  stopTasks,
  stopWaitingTasks,
} from './store.ts'

/** What is to be done. */
export interface ExecutionOrder {
  vendorType: string
  /** Whose of its type; 0 where there is one only. */
  vendorId?: number
  trigger: Trigger
  attributes?: Record<string, unknown>
  tasks: readonly Order[]
}

/**
 * Orders an execution, within the transaction of the change that wants it: it runs once that is committed, or never.
 * Without tasks it has succeeded at once. Answers its id.
 */
export async function startExecution(tx: Database, order: ExecutionOrder): Promise<number> {
  const { vendorType, vendorId = 0, trigger, attributes = {}, tasks } = order
  const status = tasks.length === 0 ? 'Success' : 'Pending'
  const id = await insertExecution(tx, { vendorType, vendorId, trigger, attributes }, status)
  await insertTasks(
    tx,
    id,
    tasks.map((task) => ({ ...task, jobId: randomBytes(12).toString('hex') })),
  )

  return id
}

/**
 * Stops an execution: what waits will not run, what runs is told so. That it is over already is no error.
 * Throws not-found.
 */
export async function stopExecution(deps: { db: Database }, id: number): Promise<void> {
  if (!(await change(deps, id, (tx) => stopTasks(tx, id)))) {
    throw new DomainError('not-found', `execution ${id} not found`)
  }
}

/** Stops one task by the name of its job. Of one that there is not nothing is said, as in Harbor. */
export async function stopJob(deps: { db: Database }, jobId: string): Promise<void> {
  const task = await findTaskByJob(deps.db, jobId)
  if (task) await change(deps, task.executionId, (tx) => stopTasks(tx, task.executionId, task.id))
}

/** Stops everything that runs or waits. */
export async function stopAll(deps: { db: Database }): Promise<void> {
  await changeAll(deps, (limit) => findOpenExecutions(deps.db, limit), stopTasks)
}

/** Stops what waits of a kind, or of all; what runs goes on. */
export async function stopWaiting(deps: { db: Database }, kind: string | undefined): Promise<void> {
  await changeAll(
    deps,
    (limit) => findWaitingExecutions(deps.db, kind, limit),
    (tx, id) => stopWaitingTasks(tx, id, kind),
  )
}

const BATCH = 500

async function changeAll(
  deps: { db: Database },
  find: (limit: number) => Promise<number[]>,
  work: (tx: Database, id: number) => Promise<void>,
): Promise<void> {
  const seen = new Set<number>()
  for (;;) {
    // Those that run go on being found until they have ended.
    const ids = (await find(BATCH + seen.size)).filter((id) => !seen.has(id))
    if (ids.length === 0) return
    for (const id of ids) {
      seen.add(id)
      await change(deps, id, (tx) => work(tx, id))
    }
  }
}

/** Changes tasks of an execution, which is locked, and writes what it is then; answers whether it is there. */
async function change(
  { db }: { db: Database },
  id: number,
  work: (tx: Database) => Promise<void>,
): Promise<boolean> {
  return await db.transaction().execute(async (tx) => {
    if (!(await lockExecution(tx, id))) return false
    await work(tx)
    await concludeExecution(tx, id)
    return true
  })
}

/** Writes what a locked execution is now, and tells of its end. */
export async function concludeExecution(tx: Database, id: number): Promise<Status> {
  const { before, status, vendorType, vendorId } = await refreshExecution(tx, id)
  if (isOver(status) && !isOver(before)) {
    await emit(tx, { type: 'execution.ended', payload: { executionId: id, vendorType, vendorId, status } })
  }

  return status
}
