import { sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'

/** Resolves when the database answers. */
export async function askDatabase(db: Database): Promise<void> {
  await sql`SELECT 1`.execute(db)
}
