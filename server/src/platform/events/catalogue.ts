/**
 * What each type of event carries. Empty here, where no domain word is known: a slice declares its own in its `events.ts`,
 * by adding to this interface (`declare module`). So every slice knows the shapes of all events, also of those below, without
 * importing anything from there, and the compiler holds together what is emitted, what is heard, and the tables of those who
 * hear all (`audit/words.ts`).
 *
 * A payload only grows, and what is added is optional: events that an earlier version has written stand in the outbox, and
 * among the dead letters, for as long as somebody has not heard them.
 */
// biome-ignore lint/suspicious/noEmptyInterface: the slices fill it
export interface EventPayloads {}

/** `<noun>.<past participle>`. */
export type EventType = keyof EventPayloads & string

/** A fact: something that has happened. The payload carries ids, and the names as they were at that moment. */
export type DomainEvent = { [T in EventType]: { type: T; payload: EventPayloads[T] } }[EventType]

/** An event of one of these types as those who asked for them hear it. */
export type HeardEvent<T extends EventType = EventType> = {
  [K in T]: {
    id: number
    type: K
    payload: EventPayloads[K]
    occurrenceTime: Date
    traceparent?: string | undefined
  }
}[T]
