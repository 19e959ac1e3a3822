import { sql } from 'kysely'
import type { Database } from './database.ts'

/** Runs a part of a transaction; where it fails, its writes alone are undone, and the transaction can go on. */
export async function withSavepoint<Result>(tx: Database, work: () => Promise<Result>): Promise<Result> {
  await sql`SAVEPOINT part`.execute(tx)
  try {
    const result = await work()
    await sql`RELEASE SAVEPOINT part`.execute(tx)
    return result
  } catch (error) {
    await sql`ROLLBACK TO SAVEPOINT part`.execute(tx)
    await sql`RELEASE SAVEPOINT part`.execute(tx)
    throw error
  }
}
