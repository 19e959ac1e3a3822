import type { Database } from '../platform/db/database.ts'
import { emit } from '../platform/events/outbox.ts'

/** Tells of wrong passwords in events, without letting whoever tries them fill the outbox. */
export interface FailedLogins {
  note(username: string, address: string): void
  /** Writes what is due: the first failure of a name from an address at once, the further ones a minute together. */
  flush(): Promise<void>
  /** Writes all that is left. */
  close(): Promise<void>
}

/** How long failures gather. Milliseconds. */
const WINDOW = 60_000
/** Pairs of name and address told of in a window; the others are one event together. */
const MOST_PAIRS = 100

interface Tally {
  username: string
  address: string
  attempts: number
  /** Whether the first one has been told of. */
  told: boolean
}

/**
 * Memory of one process; at most the counts of the last minute are lost in a crash. What the database does not take is kept, in no more
 * than so many pairs, and written once it does.
 * @param now milliseconds
 */
export function createFailedLogins(db: Database, now: () => number): FailedLogins {
  let tallies = new Map<string, Tally>()
  let others = 0
  let windowEnd = 0

  async function tell(due: readonly Tally[], untold: number): Promise<void> {
    if (due.length === 0 && untold === 0) return
    await db.transaction().execute(async (tx) => {
      for (const { username, address, attempts } of due) {
        const payload = { username, attempts, actor: { username, address } }
        await emit(tx, { type: 'user.login_failed', payload })
      }
      if (untold > 0)
        await emit(tx, { type: 'user.login_failed', payload: { username: '', attempts: untold } })
    })
  }

  async function flush(): Promise<void> {
    const fresh = [...tallies.values()].filter((tally) => !tally.told)
    await tell(
      fresh.map((tally) => ({ ...tally, attempts: 1 })),
      0,
    )
    // Not before: what could not be written is told the next time.
    for (const tally of fresh) {
      tally.told = true
      tally.attempts -= 1
    }
    if (now() >= windowEnd) await endWindow()
  }

  async function endWindow(): Promise<void> {
    const due = [...tallies.values()].filter((tally) => tally.attempts > 0)
    const untold = others
    tallies = new Map()
    others = 0
    try {
      await tell(due, untold)
    } catch (error) {
      keep(due, untold)
      throw error
    }
  }

  /** Puts back what could not be written, beside what has come since. */
  function keep(due: readonly Tally[], untold: number): void {
    others += untold
    for (const tally of due) {
      const key = keyOf(tally)
      const since = tallies.get(key)
      if (since) since.attempts += tally.attempts
      else if (tallies.size < MOST_PAIRS) tallies.set(key, tally)
      else others += tally.attempts
    }
  }

  return {
    note(username, address) {
      if (tallies.size === 0 && others === 0) windowEnd = now() + WINDOW
      const name = storable(username)
      const key = keyOf({ username: name, address })
      const tally = tallies.get(key)
      if (tally) tally.attempts += 1
      else if (tallies.size < MOST_PAIRS)
        tallies.set(key, { username: name, address, attempts: 1, told: false })
      else others += 1
    },
    flush,
    async close() {
      await flush()
      await endWindow()
    },
  }
}

function keyOf({ username, address }: Pick<Tally, 'username' | 'address'>): string {
  return `${address} ${username}`
}

/** Names are whatever somebody sends: one that PostgreSQL would refuse must not keep the others from being told of. */
function storable(username: string): string {
  return username.replaceAll('\u0000', '\ufffd').slice(0, 255).toWellFormed()
}
