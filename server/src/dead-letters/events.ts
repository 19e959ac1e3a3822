import type { Actor } from '../access/model.ts'

export interface DeadLetterEvent {
  /** Of the subscriber. */
  name: string
  /** The event that it could not take. */
  eventId: number
  eventType: string
  actor: Actor
}

declare module '../platform/events/catalogue.ts' {
  interface EventPayloads {
    /** A dead letter was handed to its subscriber again, who took it. */
    'dead_letter.replayed': DeadLetterEvent
    /** A dead letter was given up for good. */
    'dead_letter.discarded': DeadLetterEvent
  }
}
