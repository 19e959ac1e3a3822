import type { Actor } from '../access/model.ts'
import type { Database } from '../platform/db/database.ts'
import type { Filter, Order, Page } from '../platform/db/list.ts'
import { DomainError } from '../platform/errors.ts'
import {
  type DeadLetter,
  type DeadLetterField,
  type SubscriberState,
  selectDeadLetters,
  selectSubscriberStates,
} from '../platform/events/dead-letter-store.ts'
import { discardDeadLetter, type Replay, replayDeadLetter } from '../platform/events/dead-letters.ts'
import { emit } from '../platform/events/outbox.ts'
import type { Subscriber } from '../platform/events/subscriber.ts'
import type { DeadLetterEvent } from './events.ts'

export interface DeadLettersDeps {
  db: Database
  /** Those of this program: only they can take a dead letter. */
  subscribers: readonly Subscriber[]
}

// Further behind is very far behind.
const MOST_COUNTED = 10_000

export async function listSubscribers({ db }: DeadLettersDeps): Promise<SubscriberState[]> {
  return await selectSubscriberStates(db, MOST_COUNTED)
}

export async function listDeadLetters(
  { db }: DeadLettersDeps,
  list: {
    filters: readonly Filter<DeadLetterField>[]
    orders: readonly Order<DeadLetterField>[]
    page: Page
  },
): Promise<{ letters: DeadLetter[]; total: number }> {
  return await selectDeadLetters(db, list)
}

/** Hands a dead letter to its subscriber again. Throws not-found, and conflict where it fails once more. */
export async function replayOne(deps: DeadLettersDeps, id: number, actor: Actor): Promise<void> {
  const replay = await tryReplay(deps, id, actor)
  if (replay.kind === 'absent') throw missing(id)
  const problem = problemOf(replay)
  if (problem !== undefined) throw new DomainError('conflict', problem)
}

// One request must end.
const MOST_AT_ONCE = 500

/**
 * Replays the dead letters of a subscriber in the order of their events, up to the first that fails again. Throws not-found
 * for a subscriber that there is not.
 */
export async function replayAll(
  deps: DeadLettersDeps,
  subscriber: string,
  actor: Actor,
): Promise<{ replayed: number; remaining: number; error: string | undefined }> {
  if (!deps.subscribers.some((one) => one.name === subscriber)) {
    throw new DomainError('not-found', `subscriber ${subscriber} not found`)
  }
  const list = {
    filters: [{ field: 'subscriber' as const, op: 'exact' as const, value: subscriber }],
    orders: [{ field: 'event_id' as const, descending: false }],
    page: { offset: 0, limit: MOST_AT_ONCE },
  }
  const { letters, total } = await selectDeadLetters(deps.db, list)
  let replayed = 0
  let gone = 0
  for (const { id } of letters) {
    const replay = await tryReplay(deps, id, actor)
    if (replay.kind === 'done') replayed += 1
    // Somebody else was quicker.
    else if (replay.kind === 'absent') gone += 1
    else return { replayed, remaining: total - replayed - gone, error: problemOf(replay) }
  }
  return { replayed, remaining: total - replayed - gone, error: undefined }
}

/** Gives a dead letter up for good. Throws not-found. */
export async function discard({ db }: DeadLettersDeps, id: number, actor: Actor): Promise<void> {
  const letter = await discardDeadLetter(db, id, (tx, found) =>
    emit(tx, { type: 'dead_letter.discarded', payload: payloadOf(found, actor) }),
  )
  if (!letter) throw missing(id)
}

async function tryReplay({ db, subscribers }: DeadLettersDeps, id: number, actor: Actor): Promise<Replay> {
  return await replayDeadLetter(db, subscribers, id, (tx, letter) =>
    emit(tx, { type: 'dead_letter.replayed', payload: payloadOf(letter, actor) }),
  )
}

function problemOf(replay: Replay): string | undefined {
  if (replay.kind === 'failed') return `${replay.letter.subscriber} could not take it again: ${replay.error}`
  if (replay.kind === 'orphaned') return `this program has no subscriber ${replay.letter.subscriber}`
  return undefined
}

function payloadOf({ subscriber, event }: DeadLetter, actor: Actor): DeadLetterEvent {
  return { name: subscriber, eventId: event.id, eventType: event.type, actor }
}

function missing(id: number): DomainError {
  return new DomainError('not-found', `dead letter ${id} not found`)
}
