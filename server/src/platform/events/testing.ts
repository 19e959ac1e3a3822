import type { Database } from '../db/database.ts'

/** Types of the events that stand in the outbox, oldest first. */
export async function eventTypes(db: Database): Promise<string[]> {
  const rows = await db.selectFrom('events').select('type').orderBy('id').execute()
  return rows.map((row) => row.type)
}
