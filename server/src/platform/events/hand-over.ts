import type { Database } from '../db/database.ts'
import { withSavepoint } from '../db/savepoint.ts'
import { isOutage } from '../db/violations.ts'
import { insertDeadLetter } from './dead-letter-store.ts'
import type { Progress } from './progress.ts'
import type { StoredEvent, Subscriber } from './subscriber.ts'

/** When a subscriber is believed to be unable to take an event: after so many attempts, and so long. */
export interface Patience {
  attempts: number
  seconds: number
}

/** From so many failures on events are handed over one by one, to find out at which one it fails. */
export const ONE_BY_ONE_FROM = 3

/** The event that a subscriber has failed at: what comes before it is done. */
export interface Stop {
  at: StoredEvent
  error: unknown
}

/**
 * Hands events over one by one. The one that fails undoes its own writes alone; as long as there is patience with it,
 * everything behind it waits, and then it is put aside and the next one follows. Answers where it stopped, or undefined
 * where nothing is left, and what was put aside.
 */
export async function handOverOneByOne(
  tx: Database,
  subscriber: Subscriber,
  events: readonly StoredEvent[],
  progress: Progress,
  patience: Patience,
): Promise<{ stop: Stop | undefined; putAside: StoredEvent[] }> {
  const putAside: StoredEvent[] = []
  for (const event of events) {
    try {
      await withSavepoint(tx, () => subscriber.handle(tx, [event]))
    } catch (error) {
      if (!isHopeless(progress, event, error, patience)) return { stop: { at: event, error }, putAside }
      await insertDeadLetter(tx, subscriber.name, event, {
        error: messageOf(error),
        attempts: progress.failures + 1,
      })
      putAside.push(event)
    }
  }
  return { stop: undefined, putAside }
}

/** That the database or the network is away is not the event's fault, however long it lasts. */
function isHopeless(progress: Progress, event: StoredEvent, error: unknown, patience: Patience): boolean {
  if (isOutage(error) || progress.failingId !== event.id) return false

  return progress.failures + 1 >= patience.attempts && progress.failingSeconds >= patience.seconds
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}
