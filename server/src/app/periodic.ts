import type { Logger } from 'pino'

/** Something that is to be done again and again; doing it twice at once, or on two replicas, does no harm. */
export interface PeriodicTask {
  name: string
  everyMilliseconds: number
  run(): Promise<void>
}

/** Runs the tasks until stopped, the first round a moment after the start, when nobody waits for it. */
export function runPeriodically(tasks: readonly PeriodicTask[], log: Logger): { stop(): Promise<void> } {
  const timers = new Set<NodeJS.Timeout>()
  const running = new Set<Promise<void>>()
  let stopped = false

  function plan(task: PeriodicTask, delay: number): void {
    if (stopped) return
    const timer = setTimeout(() => {
      timers.delete(timer)
      const round = task
        .run()
        .catch((error: unknown) => log.error({ err: error, task: task.name }, 'periodic task failed'))
        .finally(() => {
          running.delete(round)
          plan(task, task.everyMilliseconds)
        })
      running.add(round)
    }, delay)
    timers.add(timer)
  }
  for (const task of tasks) plan(task, Math.min(task.everyMilliseconds, 60_000))

  return {
    async stop() {
      stopped = true
      for (const timer of timers) clearTimeout(timer)
      await Promise.all(running)
    },
  }
}
