import type { Database } from '../db/database.ts'
import type { DomainEvent } from './catalogue.ts'

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
