import type { Database } from '../db/database.ts'

/** Types of the events that stand in the outbox, oldest first. */
export async function eventTypes(db: Database): Promise<string[]> {
  const rows = await db.selectFrom('events').select('type').orderBy('id').execute()
  return rows.map((row) => row.type)
}

/** Writes an event that no catalogue knows, or one with half a payload. */
export async function writeEvent(
  tx: Database,
  event: { type: string; payload: Record<string, unknown> },
): Promise<void> {
  await tx
    .insertInto('events')
    .values({ type: event.type, payload: JSON.stringify(event.payload) })
    .execute()
}
