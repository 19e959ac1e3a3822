import type { Database } from './database.ts'

/** PostgreSQL has found a circle of waiting transactions and ended this one. */
const DEADLOCK = '40P01'
const ATTEMPTS = 5

/**
 * Runs `work` in a transaction, and again where the database ended it because of a circle. `work` may run several
 * times: what it does outside the database must bear that.
 */
export async function transact<Result>(
  db: Database,
  work: (tx: Database) => Promise<Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await db.transaction().execute(work)
    } catch (error) {
      const circle = error instanceof Error && 'code' in error && error.code === DEADLOCK
      if (!circle || attempt === ATTEMPTS) throw error
    }
  }
}
