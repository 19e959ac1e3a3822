import type { Database } from '../platform/db/database.ts'
import type { StorageDriver } from '../storage/driver.ts'
import type { JobKind } from './kind.ts'
import type { OnSchedule } from './schedules/due.ts'
import { startExecution } from './service.ts'
import { deleteOldExecutions } from './store.ts'
import { deleteTaskLogs } from './task-log.ts'

/** Harbor's name for the work that deletes old executions. */
export const EXECUTION_SWEEP = 'EXECUTION_SWEEP'
/** Every hour. */
export const SWEEP_CRON = '0 0 * * * *'

const BATCH = 100

/** Deletes executions that are over, beyond the newest `keep` of each vendor, with their tasks and logs. */
export function executionSweep(deps: { db: Database; storage: StorageDriver; keep: number }): JobKind {
  return {
    name: EXECUTION_SWEEP,
    limit: 1,
    attempts: 1,
    async run({ signal, log }) {
      for (let full = true; full; ) {
        signal.throwIfAborted()
        const { executions, taskIds } = await deps.db
          .transaction()
          .execute((tx) => deleteOldExecutions(tx, deps.keep, BATCH))
        // A crash here leaves logs that nobody finds any more: a few kilobytes.
        await deleteTaskLogs(deps.storage, taskIds)
        if (executions > 0) log(`${executions} executions deleted`)
        full = executions === BATCH
      }
    },
  }
}

/** Starts it when it is due. */
export const startSweep: OnSchedule = async (tx) => {
  const tasks = [{ kind: EXECUTION_SWEEP, input: null }]
  await startExecution(tx, { vendorType: EXECUTION_SWEEP, trigger: 'SCHEDULE', tasks })
}
