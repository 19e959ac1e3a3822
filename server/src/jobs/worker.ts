import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { Logger } from 'pino'
import type { Database } from '../platform/db/database.ts'
import type { StorageDriver } from '../storage/driver.ts'
import type { JobKind } from './kind.ts'
import { type AroundRun, type Ending, type ObserveRun, runTask } from './run-task.ts'
import { type OnSchedule, runDueSchedules } from './schedules/due.ts'
import { concludeExecution } from './service.ts'
import { lockExecution } from './store.ts'
import { beat, findAbandoned, freeAbandoned, takeTasks } from './take-store.ts'
import { recoverTaskLog } from './task-log.ts'
import { removeWorker, saveWorker } from './worker-store.ts'

export interface WorkerDeps {
  db: Database
  storage: StorageDriver
  log: Logger
  kinds: readonly JobKind[]
  schedules: Readonly<Record<string, OnSchedule>>
  /** How many tasks this process runs at once. */
  concurrency: number
  /** A worker that has not been heard of for so long is dead, and its tasks are taken over. */
  deadSeconds: number
  /** Told of every run of a task when it is over. */
  observe?: ObserveRun | undefined
  /** What every run is done within. */
  around?: AroundRun | undefined
}

export interface Worker {
  start(): void
  /** Takes nothing more; what runs is told to stop, and waits for another worker, or for the next start. */
  stop(): Promise<void>
  /** Milliseconds since it last looked for work, and was well. */
  idleMilliseconds(): number
}

/** A task in hand, as it was taken. */
interface Run {
  id: number
  run: number
  controller: AbortController
  done: Promise<void>
}

const ROUND_MILLISECONDS = 1000
/** Every so many rounds at most the worker says that it lives, and looks for those that do not. */
const SLOW_ROUNDS = 5

/** Takes tasks and runs them, and starts what schedules say. Any number of workers share the work. */
export function createWorker(deps: WorkerDeps): Worker {
  const { db, log, kinds } = deps
  const id = randomUUID()
  const byName = new Map(kinds.map((kind) => [kind.name, kind]))
  // By run, not by task: one that was lost may come back to us while its last run is still ending.
  const running = new Set<Run>()
  const slowRounds = Math.max(1, Math.min(SLOW_ROUNDS, Math.floor(deps.deadSeconds / 3)))
  let timer: NodeJS.Timeout | undefined
  let round: Promise<void> = Promise.resolve()
  let rounds = 0
  let stopped = false
  let lastRound = performance.now()

  async function keepTasks(): Promise<void> {
    if (running.size === 0) return
    const known = new Map((await beat(db, id, [...running])).map((task) => [task.id, task]))
    for (const { id: taskId, run, controller } of running) {
      const task = known.get(taskId)
      if (task?.run !== run) controller.abort('lost' satisfies Ending)
      else if (task.stopRequested) controller.abort('stop' satisfies Ending)
    }
  }

  async function takeMore(): Promise<void> {
    const free = deps.concurrency - running.size
    if (free < 1) return
    for (const task of await takeTasks(db, id, kinds, free)) {
      const kind = byName.get(task.kind)
      if (!kind) continue
      const controller = new AbortController()
      const done = runTask(deps, kind, task, controller.signal).finally(() => {
        running.delete(run)
        if (!stopped) plan(0)
      })
      const run: Run = { id: task.id, run: task.run, controller, done }
      running.add(run)
    }
  }

  async function freeDeadWorkersTasks(): Promise<void> {
    const inHand = [...running]
    const silent = await findAbandoned(db, deps.deadSeconds)
    const abandoned = silent.filter(
      (task) => !inHand.some(({ id, run }) => id === task.id && run === task.run),
    )
    for (const { id: task, logTail } of abandoned) {
      if (!logTail) continue
      await recoverTaskLog(deps.storage, task, logTail).catch((error: unknown) => {
        log.error({ err: error, task }, 'the end of the log of a task is lost')
      })
    }
    for (const executionId of new Set(abandoned.map((task) => task.executionId))) {
      await db.transaction().execute(async (tx) => {
        if (!(await lockExecution(tx, executionId))) return
        await freeAbandoned(tx, executionId, deps.deadSeconds, inHand)
        await concludeExecution(tx, executionId)
      })
    }
  }

  async function doRound(): Promise<void> {
    await keepTasks()
    if (rounds % slowRounds === 0) {
      await saveWorker(db, { id, host: hostname(), pid: process.pid, concurrency: deps.concurrency })
      await freeDeadWorkersTasks()
    }
    rounds += 1
    await runDueSchedules(deps)
    if (!stopped) await takeMore()
    lastRound = performance.now()
  }

  function plan(delay: number): void {
    clearTimeout(timer)
    timer = setTimeout(() => {
      round = round
        .then(doRound)
        .catch((error: unknown) => log.error({ err: error }, 'job worker'))
        .then(() => {
          if (!stopped) plan(ROUND_MILLISECONDS)
        })
    }, delay)
  }

  return {
    start: () => plan(0),
    idleMilliseconds: () => performance.now() - lastRound,
    async stop() {
      stopped = true
      clearTimeout(timer)
      await round
      for (const { controller } of running) controller.abort('shutdown' satisfies Ending)
      await Promise.all([...running].map(({ done }) => done))
      // Where the database is gone, so is the need to say it.
      await removeWorker(db, id).catch((error: unknown) => log.warn({ err: error }, 'job worker'))
    },
  }
}
