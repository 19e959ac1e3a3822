import { setTimeout } from 'node:timers/promises'

/** Keeps a stream of bytes below a rate. */
export interface Pace {
  /** Waits as long as these bytes are ahead of their time. Throws what the signal was aborted with. */
  spend(bytes: number, signal?: AbortSignal): Promise<void>
}

/** Waits shorter than this are gathered: a timer is not that exact. */
const LEAST_WAIT_MS = 5

/** A rate in bytes a second; `undefined` for none. What was not spent in the past is not saved up. */
export function createPace(bytesPerSecond: number | undefined, now = () => performance.now()): Pace {
  let free = now()

  return {
    async spend(bytes, signal) {
      signal?.throwIfAborted()
      if (bytesPerSecond === undefined) return
      free = Math.max(free, now()) + (bytes / bytesPerSecond) * 1000
      const wait = free - now()
      if (wait < LEAST_WAIT_MS) return
      await setTimeout(wait, undefined, { signal }).catch((error: unknown) => {
        signal?.throwIfAborted()
        throw error
      })
    },
  }
}
