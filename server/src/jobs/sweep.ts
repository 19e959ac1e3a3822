import type { Database } from '../platform/db/database.ts'
import type { StorageDriver } from '../storage/driver.ts'
import type { JobKind } from './kind.ts'
import type { OnSchedule } from './schedules/due.ts'
import { startExecution } from './service.ts'
import { deleteOldExecutions } from './store.ts'
import { deleteTaskLists } from './task-list.ts'
import { deleteTaskLogs } from './task-log.ts'

/** Harbor's name for the work that deletes old executions. */
export const EXECUTION_SWEEP = 'EXECUTION_SWEEP'
/** Every hour. */
export const SWEEP_CRON = '0 0 * * * *'

const BATCH = 100

/** Tasks that are deleted, and whose logs and lists may be there still. */
interface State {
  logsOf: number[]
}

/** Deletes executions that are over, beyond the newest `keep` of each vendor, with their tasks and logs. */
export function executionSweep(deps: { db: Database; storage: StorageDriver; keep: number }): JobKind {
  return {
    name: EXECUTION_SWEEP,
    limit: 1,
    attempts: 1,
    async run({ task, signal, log, save }) {
      // A run of before may have been interrupted between a batch and its logs.
      const before = task.state as State | undefined
      await deleteWritten(deps.storage, before?.logsOf ?? [], signal)
      for (let full = true; full; ) {
        signal.throwIfAborted()
        const batch = await deps.db.transaction().execute(async (tx) => {
          const deleted = await deleteOldExecutions(tx, deps.keep, BATCH)
          const lines = deleted.executions > 0 ? [`${deleted.executions} executions deleted`] : []
          await save({ logsOf: deleted.taskIds } satisfies State, tx, lines)
          return { ...deleted, lines }
        })
        for (const line of batch.lines) log(line)
        await deleteWritten(deps.storage, batch.taskIds, signal)
        full = batch.executions === BATCH
      }
    },
  }
}

/** What tasks have written into the store; an execution may have ten thousand of them. What a stop leaves, the scrub finds. */
async function deleteWritten(
  storage: StorageDriver,
  taskIds: readonly number[],
  signal: AbortSignal,
): Promise<void> {
  for (const id of taskIds) {
    signal.throwIfAborted()
    await deleteTaskLogs(storage, [id])
    await deleteTaskLists(storage, [id])
  }
}

/** Starts it when it is due. */
export const startSweep: OnSchedule = async (tx) => {
  const tasks = [{ kind: EXECUTION_SWEEP, input: null }]
  await startExecution(tx, { vendorType: EXECUTION_SWEEP, trigger: 'SCHEDULE', tasks })
}
