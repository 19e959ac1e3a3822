import type { Database } from '../db/database.ts'
import type { EventType, HeardEvent } from './catalogue.ts'

/** An event as it stands in the outbox. */
export interface StoredEvent {
  id: number
  type: string
  payload: Record<string, unknown>
  occurrenceTime: Date
  /** What it was part of, where that was traced. */
  traceparent?: string | undefined
}

/**
 * Somebody who wants to hear of events, as the dispatcher knows him. Delivery is at least once, in order; `handle` runs in the
 * transaction that also records the progress, so what it writes through `tx` happens exactly once.
 * An error is logged and the batch tried again, later and later; an event that always fails becomes a dead letter, which
 * may be replayed behind later ones.
 */
export interface Subscriber {
  /** Never changed once released: progress is kept under it. */
  name: string
  types: readonly string[]
  handle(tx: Database, events: readonly StoredEvent[]): Promise<void>
}

/** A subscriber whose `handle` is given the payloads of the types that it asks for, checked by the compiler. */
export function subscriber<const T extends EventType>(one: {
  name: string
  types: readonly T[]
  handle(tx: Database, events: readonly HeardEvent<T>[]): Promise<void>
}): Subscriber {
  // The one place where what the outbox holds becomes what the catalogue says: `emit` let nothing else in.
  return one as unknown as Subscriber
}
