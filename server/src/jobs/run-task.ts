import type { Logger } from 'pino'
import type { Database } from '../platform/db/database.ts'
import { DomainError } from '../platform/errors.ts'
import type { StorageDriver } from '../storage/driver.ts'
import { type JobKind, type TaskContext, TaskLostError } from './kind.ts'
import { retryDelay, type Status, type TakenTask } from './model.ts'
import { concludeExecution } from './service.ts'
import { lockExecution, refreshExecution } from './store.ts'
import { endRun, saveAttributes, saveState } from './take-store.ts'
import { openTaskLog, type TaskLog } from './task-log.ts'

/** Why the signal of a task is aborted: somebody wants its end, the process ends, or another worker has it. */
export type Ending = 'stop' | 'shutdown' | 'lost'

/** How a run of a task ended, and after how long. */
export type ObserveRun = (run: { kind: string; status: Status; seconds: number }) => void

/** Does a run within something; it answers how the run ended, undefined where that was not written down. */
export type AroundRun = (task: TakenTask, run: () => Promise<Status | undefined>) => Promise<void>

interface RunDeps {
  db: Database
  storage: StorageDriver
  log: Logger
  observe?: ObserveRun | undefined
  around?: AroundRun | undefined
}

type End = Parameters<typeof endRun>[2]

/** Runs a taken task to one of its ends, and writes down which. Never rejects. */
export async function runTask(
  deps: RunDeps,
  kind: JobKind,
  task: TakenTask,
  signal: AbortSignal,
): Promise<void> {
  const run = () => runToItsEnd(deps, kind, task, signal)
  await (deps.around ? deps.around(task, run) : run())
}

async function runToItsEnd(
  deps: RunDeps,
  kind: JobKind,
  task: TakenTask,
  signal: AbortSignal,
): Promise<Status | undefined> {
  const taskLog = openTaskLog(deps, task)
  const start = performance.now()
  if (task.run > 1) taskLog.write(`run ${task.run}: goes on`)
  try {
    await showRunning(deps.db, task.executionId)
    const end = await work(deps, kind, {
      task,
      signal,
      log: taskLog.write,
      ...savers(deps.db, task, taskLog),
    })
    if (!end) {
      taskLog.write('another worker has taken this task')
      return undefined
    }
    // The log is complete before anybody reads that the task is over.
    if (end.message) taskLog.write(end.message)
    await taskLog.close()
    await deps.db.transaction().execute(async (tx) => {
      if (!(await lockExecution(tx, task.executionId))) return
      if (await endRun(tx, task, end)) await concludeExecution(tx, task.executionId)
    })
    deps.observe?.({
      kind: kind.name,
      status: end.status,
      seconds: (performance.now() - start) / 1000,
    })
    return end.status
  } catch (error) {
    // It goes on being ours by name, and another worker takes it when no heartbeat comes any more.
    deps.log.error({ err: error, task: task.id, kind: kind.name }, 'the end of a task was not written')
    return undefined
  } finally {
    await taskLog.close()
  }
}

async function work(deps: RunDeps, kind: JobKind, context: TaskContext): Promise<End | undefined> {
  const { task, signal } = context
  try {
    signal.throwIfAborted()
    await kind.run(context)
    return { status: 'Success' }
  } catch (error) {
    if (error instanceof TaskLostError || signal.reason === ('lost' satisfies Ending)) return undefined
    if (signal.reason === ('stop' satisfies Ending)) return { status: 'Stopped' }
    if (signal.reason === ('shutdown' satisfies Ending)) return { status: 'Pending', again: 0 }

    deps.log.error({ err: error, task: task.id, kind: kind.name }, 'a task failed')
    const message =
      error instanceof DomainError ? error.message : 'an internal error, which the log of the server has'
    const failures = task.failures + 1
    return failures < kind.attempts
      ? { status: 'Scheduled', message, failures, again: retryDelay(failures) }
      : { status: 'Error', message, failures }
  }
}

async function showRunning(db: Database, executionId: number): Promise<void> {
  await db.transaction().execute(async (tx) => {
    if (await lockExecution(tx, executionId)) await refreshExecution(tx, executionId)
  })
}

function savers(db: Database, task: TakenTask, taskLog: TaskLog): Pick<TaskContext, 'save' | 'report'> {
  return {
    async save(state, tx = db, lines = []) {
      if (!(await saveState(tx, task, state, taskLog.tail(lines)))) throw new TaskLostError(task.id)
    },
    async report(attributes) {
      if (!(await saveAttributes(db, task, attributes))) throw new TaskLostError(task.id)
    },
  }
}
