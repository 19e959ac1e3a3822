import type { Database } from '../db/database.ts'
import { type DeadLetter, deleteDeadLetter, lockDeadLetter, saveReplayFailure } from './dead-letter-store.ts'
import { messageOf } from './hand-over.ts'
import type { Subscriber } from './subscriber.ts'

/** What became of a replay. */
export type Replay =
  | { kind: 'done'; letter: DeadLetter }
  | { kind: 'failed'; letter: DeadLetter; error: string }
  /** There is no such dead letter, or its subscriber is no more. */
  | { kind: 'absent' }
  | { kind: 'orphaned'; letter: DeadLetter }

/**
 * Hands a dead letter to its subscriber once more. What the subscriber writes and the end of the letter are one transaction:
 * the event is taken once, however often and by whomever it is replayed. `after` runs within it.
 */
export async function replayDeadLetter(
  db: Database,
  subscribers: readonly Subscriber[],
  id: number,
  after: (tx: Database, letter: DeadLetter) => Promise<void>,
): Promise<Replay> {
  let letter: DeadLetter | undefined
  try {
    return await db.transaction().execute(async (tx): Promise<Replay> => {
      letter = await lockDeadLetter(tx, id)
      if (!letter) return { kind: 'absent' }
      const name = letter.subscriber
      const subscriber = subscribers.find((one) => one.name === name)
      if (!subscriber) return { kind: 'orphaned', letter }
      await subscriber.handle(tx, [letter.event])
      await deleteDeadLetter(tx, id)
      await after(tx, letter)
      return { kind: 'done', letter }
    })
  } catch (error) {
    if (!letter) throw error
    await saveReplayFailure(db, id, messageOf(error))
    return { kind: 'failed', letter, error: messageOf(error) }
  }
}

/** Gives a dead letter up for good; answers what it was. `after` runs within the transaction. */
export async function discardDeadLetter(
  db: Database,
  id: number,
  after: (tx: Database, letter: DeadLetter) => Promise<void>,
): Promise<DeadLetter | undefined> {
  return await db.transaction().execute(async (tx) => {
    const letter = await lockDeadLetter(tx, id)
    if (!letter) return undefined
    await deleteDeadLetter(tx, id)
    await after(tx, letter)
    return letter
  })
}
