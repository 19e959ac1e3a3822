import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

/** How long a thread without work stays, so that the next one need not start. */
const IDLE_MILLISECONDS = 30_000

export interface ThreadsOptions {
  /** The code of the threads: it answers each message by one of its own, after a first one that says that it is there. */
  url: URL
  /** What one message may take before its thread is ended. */
  milliseconds: number
  /** What one thread may hold before it is ended. */
  megabytes: number
}

/** Threads for work of unknown length. */
export interface Threads {
  /** The answer to the message. Throws `ThreadEnded` where it takes too long or too much memory. */
  ask(message: unknown): Promise<unknown>
  /** Ends those that are there. */
  close(): Promise<void>
}

/** The thread was ended before it had an answer. */
export class ThreadEnded extends Error {
  constructor(cause?: unknown) {
    super('a thread was ended before it had an answer', cause === undefined ? undefined : { cause })
    this.name = 'ThreadEnded'
  }
}

/** Opens nothing: there are as many threads as there are callers at a moment, who are to be limited by whoever calls. */
export function createThreads(options: ThreadsOptions): Threads {
  const all = new Set<Worker>()
  const idle: { worker: Worker; end: NodeJS.Timeout }[] = []

  async function take(): Promise<Worker> {
    const kept = idle.pop()
    if (kept) {
      clearTimeout(kept.end)
      return kept.worker
    }
    const worker = new Worker(options.url, {
      // Nothing of what this process was started with, an inspector for one, and none of its secrets.
      execArgv: [],
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: options.megabytes, maxYoungGenerationSizeMb: 16 },
    })
    worker.unref()
    all.add(worker)
    worker.on('exit', () => forget(worker))
    worker.on('error', () => undefined)
    await firstMessage(worker, undefined)
    return worker
  }

  function forget(worker: Worker): void {
    all.delete(worker)
    const at = idle.findIndex((one) => one.worker === worker)
    if (at !== -1) clearTimeout(idle.splice(at, 1)[0]?.end)
  }

  function keep(worker: Worker): void {
    const end = setTimeout(() => void worker.terminate(), IDLE_MILLISECONDS).unref()
    idle.push({ worker, end })
  }

  return {
    async ask(message) {
      const worker = await take()
      try {
        const answer = firstMessage(worker, options.milliseconds)
        worker.postMessage(message)
        const value = await answer
        keep(worker)
        return value
      } catch (error) {
        await worker.terminate()
        throw error
      }
    },
    async close() {
      await Promise.all([...all].map((worker) => worker.terminate()))
    },
  }
}

/** The next message of the thread; `ThreadEnded` where it ends first, or the time is over. */
async function firstMessage(worker: Worker, milliseconds: number | undefined): Promise<unknown> {
  const over = new AbortController()
  const timer = milliseconds === undefined ? undefined : setTimeout(() => over.abort(), milliseconds)
  const gone = () => over.abort()
  worker.once('exit', gone)
  try {
    // Rejects by the thread's own `error` as well.
    const [value] = await once(worker, 'message', { signal: over.signal })
    return value
  } catch (error) {
    throw new ThreadEnded(error)
  } finally {
    clearTimeout(timer)
    worker.off('exit', gone)
  }
}
