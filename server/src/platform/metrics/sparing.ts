/**
 * Reads something costly no more often than every `leastMilliseconds`, and so that no more than a fiftieth of the time
 * goes into it, however slow it has become. Calls that come together are one; who comes too early gets nothing done.
 */
export function sparing(
  leastMilliseconds: number,
  read: () => Promise<void>,
  now: () => number = () => performance.now(),
): () => Promise<void> {
  let next = Number.NEGATIVE_INFINITY
  let running: Promise<void> | undefined

  async function once(): Promise<void> {
    const start = now()
    try {
      await read()
    } finally {
      next = now() + Math.max(leastMilliseconds, SHARE * (now() - start))
      running = undefined
    }
  }

  return async () => {
    if (running === undefined && now() < next) return
    running ??= once()
    await running
  }
}

const SHARE = 50
