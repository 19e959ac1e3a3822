import { createLru } from '../lib/lru.ts'
import type { User } from '../users/model.ts'

/**
 * Users as they were a few seconds ago at most, for checking on every request whether what was issued to
 * them still holds. A change made in another process is seen within `MAX_AGE`, one made in this at once.
 */
export interface UserStates {
  /** The live user; undefined where he has been deleted. */
  get(id: number): Promise<User | undefined>
  forget(id: number): void
}

/** The documented bound on how stale a user may be. Milliseconds. */
const MAX_AGE = 5000
const CAPACITY = 10_000

interface State {
  loaded: number
  user: Promise<User | undefined>
}

/**
 * @param load the live user of that id
 * @param now milliseconds
 */
export function createUserStates(
  load: (id: number) => Promise<User | undefined>,
  now: () => number,
): UserStates {
  const states = createLru<number, State>(CAPACITY, () => 1)

  return {
    get(id) {
      const known = states.get(id)
      if (known && now() - known.loaded < MAX_AGE) return known.user
      // Counted from before the question, and shared with whoever asks while it is being answered.
      const state = { loaded: now(), user: load(id) }
      states.set(id, state)
      state.user.catch(() => {
        if (states.get(id) === state) states.delete(id)
      })
      return state.user
    },
    forget: (id) => states.delete(id),
  }
}
