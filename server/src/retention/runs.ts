import type { Actor } from '../access/model.ts'
import { findExecution, findTask, selectExecutions, selectTasks } from '../jobs/list-store.ts'
import type { Execution, Task } from '../jobs/model.ts'
import { stopExecution } from '../jobs/service.ts'
import { readTaskLog } from '../jobs/task-log.ts'
import type { Database } from '../platform/db/database.ts'
import type { Page } from '../platform/db/list.ts'
import { DomainError } from '../platform/errors.ts'
import { emit } from '../platform/events/outbox.ts'
import type { StorageDriver } from '../storage/driver.ts'
import { payloadOf } from './event-payload.ts'
import { RETENTION, startRetention } from './job.ts'
import type { RetentionPolicy } from './model.ts'

/** The runs of a policy. Whether the caller may is for those to ask who know whose the policy is. */

interface Deps {
  db: Database
}

/** Orders a run and answers its id. */
export function orderRunOf(
  { db }: Deps,
  policy: RetentionPolicy,
  project: { id: number; name: string } | undefined,
  { actor, dryRun }: { actor: Actor; dryRun: boolean },
): Promise<number> {
  return db.transaction().execute(async (tx) => {
    const executionId = await startRetention(tx, policy, { dryRun, trigger: 'MANUAL' })
    const payload = { ...payloadOf(policy.id, project, actor), executionId, dryRun }
    await emit(tx, { type: 'retention.started', payload })
    return executionId
  })
}

/** One page of the runs, the newest first. */
export function selectRuns(
  { db }: Deps,
  policyId: number,
  page: Page,
): Promise<{ executions: Execution[]; total: number }> {
  return selectExecutions(db, { type: RETENTION, id: policyId }, { filters: [], orders: [], page })
}

/** Stops a run; that it is over is no error. Throws not-found. */
export async function endRun(deps: Deps, policyId: number, executionId: number): Promise<void> {
  await checkRun(deps, policyId, executionId)
  await stopExecution(deps, executionId)
}

/** One page of the repositories of a run. Throws not-found. */
export async function selectRunTasks(
  deps: Deps,
  policyId: number,
  executionId: number,
  page: Page,
): Promise<{ tasks: Task[]; total: number }> {
  await checkRun(deps, policyId, executionId)
  return await selectTasks(deps.db, executionId, { filters: [], orders: [], page })
}

/** What a run has said of a repository. Throws not-found. */
export async function readRunLog(
  deps: Deps & { storage: StorageDriver },
  policyId: number,
  { executionId, taskId }: { executionId: number; taskId: number },
): Promise<string> {
  await checkRun(deps, policyId, executionId)
  if (!(await findTask(deps.db, executionId, taskId))) {
    throw new DomainError('not-found', `task ${taskId} not found`)
  }
  return (await readTaskLog(deps.storage, taskId)) ?? 'nothing is logged yet\n'
}

async function checkRun({ db }: Deps, policyId: number, executionId: number): Promise<void> {
  if (!(await findExecution(db, { type: RETENTION, id: policyId }, executionId))) {
    throw new DomainError('not-found', `execution ${executionId} not found`)
  }
}
