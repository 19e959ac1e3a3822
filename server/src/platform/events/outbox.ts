import type { Database } from '../db/database.ts'
import { currentTraceparent } from '../tracing/traceparent.ts'
import type { DomainEvent } from './catalogue.ts'

/**
 * Writes an event into the outbox. Call it within the transaction of the change, as its last statement:
 * ids are then given out in the order in which the locks were taken, which is the order subscribers see. Where something is
 * traced, the event bears what it belongs to.
 */
export async function emit(tx: Database, event: DomainEvent): Promise<void> {
  await tx
    .insertInto('events')
    .values({
      type: event.type,
      payload: JSON.stringify(event.payload),
      traceparent: currentTraceparent() ?? null,
    })
    .execute()
}
