/** Lets a few tasks run at a time; the others wait in line. */
export interface Semaphore {
  /** Runs `task` when its turn comes; throws what `full` makes where the line is too long. */
  run<T>(task: () => Promise<T>): Promise<T>
}

/** @param full makes the error for a task that finds `waiting` others in line, if there is such a limit */
export function createSemaphore(
  slots: number,
  waiting = Number.POSITIVE_INFINITY,
  full = () => new Error('the line is full'),
): Semaphore {
  const line: (() => void)[] = []
  let busy = 0

  return {
    async run(task) {
      if (busy >= slots) {
        if (line.length >= waiting) throw full()
        // Whoever leaves hands his slot over, so that nobody slips in between.
        await new Promise<void>((resolve) => line.push(resolve))
      } else {
        busy += 1
      }
      try {
        return await task()
      } finally {
        const next = line.shift()
        if (next) next()
        else busy -= 1
      }
    },
  }
}
