import pino from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../platform/db/testing.ts'
import type { StorageDriver } from '../storage/driver.ts'
import { openMemoryDriver } from '../storage/drivers/memory/memory-driver.ts'
import type { JobKind, TaskContext } from './kind.ts'
import { findExecution, selectTasks } from './list-store.ts'
import type { Execution, Task } from './model.ts'
import { startExecution } from './service.ts'
import { executionSweep } from './sweep.ts'
import { createWorker, type Worker } from './worker.ts'

export const ALL = { filters: [], orders: [], page: { offset: 0, limit: 100 } }

/** For tests: a kind of work. */
export function work(run: JobKind['run'], options: Partial<JobKind> = {}): JobKind {
  return { name: 'WORK', limit: 10, attempts: 1, run, ...options }
}

/** Work that goes on until it is stopped. */
export async function endless({ signal }: Pick<TaskContext, 'signal'>): Promise<void> {
  await new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('aborted')))
    if (signal.aborted) reject(new Error('aborted'))
  })
}

export async function until<T>(ask: () => Promise<T | undefined | false>, seconds = 30): Promise<T> {
  const end = Date.now() + seconds * 1000
  for (;;) {
    const answer = await ask()
    if (answer) return answer
    if (Date.now() > end) throw new Error('it did not come to be')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** For tests: workers, and what they work at, in a database of the test file's own. */
export function useWorkers() {
  let database: TestDatabase
  let storage: StorageDriver
  let workers: Worker[] = []

  beforeAll(async () => {
    database = await createTestDatabase()
  })
  afterAll(() => database.drop())
  beforeEach(async () => {
    storage = await openMemoryDriver()
  })
  afterEach(async () => {
    await Promise.all(workers.map((worker) => worker.stop()))
    workers = []
    for (const table of ['tasks', 'executions', 'schedules', 'paused_kinds', 'events'] as const) {
      await database.db.deleteFrom(table).execute()
    }
  })

  function startWorker(kind: JobKind, schedules = {}, deadSeconds = 15): Worker {
    const { db } = database
    const log = pino({ level: 'silent' })
    const kinds = [kind, executionSweep({ db, storage, keep: 2 })]
    const worker = createWorker({ db, storage, log, kinds, schedules, concurrency: 5, deadSeconds })
    workers.push(worker)
    worker.start()
    return worker
  }

  function order(...inputs: unknown[]): Promise<number> {
    const tasks = inputs.map((input) => ({ kind: 'WORK', input }))
    return database.db
      .transaction()
      .execute((tx) => startExecution(tx, { vendorType: 'TEST', vendorId: 7, trigger: 'MANUAL', tasks }))
  }

  async function look(id: number): Promise<{ execution: Execution; tasks: Task[] }> {
    const execution = await findExecution(database.db, { type: 'TEST', id: 7 }, id)
    if (!execution) throw new Error('no execution')
    return { execution, tasks: (await selectTasks(database.db, id, ALL)).tasks }
  }

  const over = (id: number) =>
    until(async () => {
      const seen = await look(id)
      return seen.execution.endTime && seen
    })

  return {
    get db() {
      return database.db
    },
    get storage() {
      return storage
    },
    startWorker,
    order,
    look,
    over,
  }
}
