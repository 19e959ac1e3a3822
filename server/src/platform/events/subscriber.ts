import type { Database } from '../db/database.ts'

/** An event as subscribers see it. */
export interface StoredEvent {
  id: number
  type: string
  payload: Record<string, unknown>
  occurrenceTime: Date
}

/**
 * Somebody who wants to hear of events. Delivery is at least once, in order; `handle` runs in the
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
