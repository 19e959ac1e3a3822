import { sql } from 'kysely'
import type { Database } from '../db/database.ts'
import { LAST } from '../db/prepared.ts'
import { currentTraceparent } from '../tracing/traceparent.ts'
import type { DomainEvent } from './catalogue.ts'

/**
 * Writes an event into the outbox. Call it within the transaction of the change, as its last statement:
 * ids are then given out in the order in which the locks were taken, which is the order subscribers see. Where something is
 * traced, the event bears what it belongs to.
 *
 * @param options.last nothing at all comes behind it in the transaction: the commit goes with it.
 */
export async function emit(tx: Database, event: DomainEvent, { last = false } = {}): Promise<void> {
  await sql`${last ? LAST : sql``}
    INSERT INTO events (type, payload, traceparent)
    VALUES (${event.type}, ${JSON.stringify(event.payload)}, ${currentTraceparent() ?? null})`.execute(tx)
}
