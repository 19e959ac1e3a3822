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
  await addTasks(tx, id, tasks)

  return id
}

/** Adds tasks to an execution that is not over, by one of its own tasks for instance. */
export async function addTasks(tx: Database, executionId: number, tasks: readonly Order[]): Promise<void> {
  const orders = tasks.map((task) => ({ ...task, jobId: randomBytes(12).toString('hex') }))
  await insertTasks(tx, executionId, orders)
}

/**
 * Stops an execution: what waits will not run, what runs is told so. That it is over already is no error.
 * Throws not-found.
 */
export async function stopExecution(deps: { db: Database }, id: number): Promise<void> {
  await deps.db.transaction().execute(async (tx) => {
    if (!(await lockExecution(tx, id))) throw new DomainError('not-found', `execution ${id} not found`)
    await stopTasks(tx, id)
    await concludeExecution(tx, id)
  })
}

/** Stops one task by the name of its job. Of one that there is not nothing is said, as in Harbor. */
export async function stopJob(deps: { db: Database }, jobId: string): Promise<void> {
  const task = await findTaskByJob(deps.db, jobId)
  if (!task) return
  await deps.db.transaction().execute(async (tx) => {
    await lockExecution(tx, task.executionId)
    await stopTasks(tx, task.executionId, task.id)
    await concludeExecution(tx, task.executionId)
  })
}

/** Stops everything that runs or waits. */
export async function stopAll(deps: { db: Database }): Promise<void> {
  await stopBatches(deps, (limit) => findOpenExecutions(deps.db, limit))
}

/** Stops what waits of a kind, or of all; what runs goes on. */
export async function stopWaiting(deps: { db: Database }, kind: string | undefined): Promise<void> {
  await stopBatches(deps, (limit) => findWaitingExecutions(deps.db, kind, limit))
}

const BATCH = 500

async function stopBatches(
  deps: { db: Database },
  find: (limit: number) => Promise<number[]>,
): Promise<void> {
  const seen = new Set<number>()
  for (;;) {
    // Those that run go on being found until they have ended.
    const ids = (await find(BATCH + seen.size)).filter((id) => !seen.has(id))
    if (ids.length === 0) return
    for (const id of ids) {
      seen.add(id)
      await stopExecution(deps, id).catch((error: unknown) => {
        if (!(error instanceof DomainError)) throw error
      })
    }
  }
}

/** Writes what a locked execution is now, and tells of its end. */
export async function concludeExecution(tx: Database, id: number): Promise<Status> {
  const { before, status, vendorType, vendorId } = await refreshExecution(tx, id)
  if (isOver(status) && !isOver(before)) {
    await emit(tx, { type: 'execution.ended', payload: { executionId: id, vendorType, vendorId, status } })
  }

  return status
}
