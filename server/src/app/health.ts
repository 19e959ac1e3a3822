import type { Worker } from '../jobs/worker.ts'
import type { Database } from '../platform/db/database.ts'
import type { Health } from '../platform/metrics/listener.ts'
import { createProbe } from '../system/probe.ts'
import { askDatabase } from '../system/store.ts'

const TIMEOUT = 2000
/** A worker looks for work every second; one that has not for so long hangs. */
const HANGS = 60_000

/** Whether this process does its work: for those who run it, and watch workers too, which answer no client. */
export function createHealth(db: Database, worker: Worker | undefined): Health {
  const database = createProbe('the database', () => askDatabase(db), TIMEOUT)

  return async () => {
    const problem = await database()
    if (problem !== undefined) return problem

    return worker && worker.idleMilliseconds() > HANGS ? 'the job worker hangs' : undefined
  }
}
