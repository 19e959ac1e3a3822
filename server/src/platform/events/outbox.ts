import type { Database } from '../db/database.ts'

/**
 * A fact: something that has happened. Types are `<noun>.<past participle>`; the payload carries ids
 * and the names as they were at that moment.
 */
export interface DomainEvent {
  type: string
  payload: Record<string, unknown>
}

/**
 * Writes an event into the outbox. Call it within the transaction of the change, as its last statement:
 * ids are then given out in the order in which the locks were taken, which is the order subscribers see.
 */
export async function emit(tx: Database, event: DomainEvent): Promise<void> {
  await tx
    .insertInto('events')
    .values({ type: event.type, payload: JSON.stringify(event.payload) })
    .execute()
}
