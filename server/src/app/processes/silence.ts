/** Processes say that they are alive so often, whatever else they say. */
export const ALIVE_MILLISECONDS = 5_000
/** Whoever says nothing for so long hangs: no request and no work takes the whole process that long. */
const SILENT_MILLISECONDS = 60_000

/** Watches over processes that are heard of again and again. */
export interface Silence<Child> {
  /** It has said something; from now on it is watched. */
  heard(child: Child): void
  /** It is not watched any more. */
  gone(child: Child): void
  stop(): void
}

/** Calls `onSilent` for each that says nothing any more, once. */
export function watchSilence<Child>(onSilent: (child: Child) => void): Silence<Child> {
  const heardAt = new Map<Child, number>()
  let lookedAt = performance.now()

  const timer = setInterval(() => {
    const now = performance.now()
    // Who could not look himself, because the machine slept, knows nothing of the others.
    const wasAway = now - lookedAt > 2 * ALIVE_MILLISECONDS
    lookedAt = now
    for (const [child, at] of heardAt) {
      if (wasAway) heardAt.set(child, now)
      else if (now - at > SILENT_MILLISECONDS) {
        heardAt.delete(child)
        onSilent(child)
      }
    }
  }, ALIVE_MILLISECONDS)
  timer.unref()

  return {
    heard: (child) => heardAt.set(child, performance.now()),
    gone: (child) => heardAt.delete(child),
    stop: () => clearInterval(timer),
  }
}
