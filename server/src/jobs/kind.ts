import type { Database } from '../platform/db/database.ts'
import type { TakenTask } from './model.ts'

/**
 * A kind of work. It may begin anew at any moment, after a crash: what was done must not be done twice, so either the
 * work looks at what is there, or it keeps with `save` where to go on, in the transaction of what it did.
 */
export interface JobKind {
  /** Harbor's job type: `GARBAGE_COLLECTION`. */
  name: string
  /** How many of it run at once in the whole fleet. */
  limit: number
  /** How often it is tried in all where it fails by an error. */
  attempts: number
  /**
   * Does the work. Whatever it throws is a failure, but once `signal` is aborted: then it should end within seconds,
   * by `signal.throwIfAborted()` or by itself.
   */
  run(context: TaskContext): Promise<void>
}

/** What the work of a task has of it. */
export interface TaskContext {
  task: TakenTask
  /** Aborted where the task is to stop, where the process is, or where another worker has taken it. */
  signal: AbortSignal
  /** Adds a line to the log of the task, which its users read: no secrets. */
  log(line: string): void
  /**
   * Keeps where to go on; in `tx`, if the transaction of the work itself is to keep it. With `lines` that tell of that
   * work: they are to be given to `log` once it is committed, and are in the log even if nobody comes to it.
   * Throws `TaskLostError`.
   */
  save(state: unknown, tx?: Database, lines?: readonly string[]): Promise<void>
  /** Adds to what is told of the task. Throws `TaskLostError`. */
  report(attributes: Record<string, unknown>): Promise<void>
}

/** Another worker has the task, or it is over: this one must not go on. */
export class TaskLostError extends Error {
  constructor(taskId: number) {
    super(`task ${taskId} is not ours any more`)
  }
}
