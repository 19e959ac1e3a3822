/** Runs tasks of one key one behind the other, in the order in which they came; those of different keys side by side. */
export type Queues = <T>(key: string, task: () => Promise<T>) => Promise<T>

/** Keys are forgotten when their last task has ended. */
export function createQueues(): Queues {
  const lasts = new Map<string, Promise<unknown>>()

  return async (key, task) => {
    const before = lasts.get(key)
    const run = before === undefined ? task() : before.then(task, task)
    lasts.set(key, run)
    try {
      return await run
    } finally {
      if (lasts.get(key) === run) lasts.delete(key)
    }
  }
}
