import { ignore } from '../lib/ignore.ts'
import { createLru } from '../lib/lru.ts'

/**
 * Users, what they have been granted, robots or access tokens as they were a few seconds ago at most, for checking on every request
 * whether what was issued to them still holds. A change made in another process is seen within `MAX_AGE`, at once where
 * that tells of it; one made in this at once.
 */
export interface States<T> {
  /** The live one; undefined where it has been deleted. */
  get(id: number): Promise<T | undefined>
  /** It was changed here, which others are told. */
  forget(id: number): void
  /** The same of all. */
  forgetAll(): void
  /** It was changed in another process; undefined: any of them may be. */
  hear(id: number | undefined): void
}

/** The documented bound on how stale one may be. Milliseconds. */
const MAX_AGE = 5000
const CAPACITY = 10_000

interface State<T> {
  loaded: number
  value: Promise<T | undefined>
}

/**
 * @param load the live one of that id
 * @param now milliseconds
 * @param tell what is forgotten here, where others remember too
 */
export function createStates<T>(
  load: (id: number) => Promise<T | undefined>,
  now: () => number,
  tell: (id: number | undefined) => void = ignore,
): States<T> {
  let states = createLru<number, State<T>>(CAPACITY, () => 1)

  function hear(id: number | undefined): void {
    if (id !== undefined) states.delete(id)
    else states = createLru(CAPACITY, () => 1)
  }

  return {
    get(id) {
      const known = states.get(id)
      if (known && now() - known.loaded < MAX_AGE) return known.value
      // Counted from before the question, and shared with whoever asks while it is being answered.
      const state = { loaded: now(), value: load(id) }
      states.set(id, state)
      state.value.catch(() => {
        if (states.get(id) === state) states.delete(id)
      })
      return state.value
    },
    forget(id) {
      hear(id)
      tell(id)
    },
    forgetAll() {
      hear(undefined)
      tell(undefined)
    },
    hear,
  }
}
