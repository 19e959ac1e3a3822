import { Worker } from 'node:worker_threads'
import type { Put } from './put-steps.ts'

/** As many as Node has for all other work on files. More of them wait for the same disk. */
const MOST = 4
/** How long a thread without work stays. */
const IDLE_MILLISECONDS = 30_000

/**
 * Threads that put small objects: a dozen operations, each of which would wake a thread of Node's and the program again, are
 * one message and its answer.
 */
export interface PutThreads {
  /** What `putSteps` answers. Where no thread is there (yet) that is what `otherwise` does: whoever puts alone needs none. */
  put(put: Put, otherwise: () => Promise<boolean>): Promise<boolean>
  /** Ends them; what they are about to put is an error. */
  close(): Promise<void>
}

interface Thread {
  worker: Worker
  isReady: boolean
  waiting: { resolve(placed: boolean): void; reject(error: unknown): void }[]
  idle?: NodeJS.Timeout
}

/** Starts none before there is work for it. */
export function createPutThreads(): PutThreads {
  const threads = new Set<Thread>()
  /** Puts under way without a thread. */
  let without = 0

  function start(): void {
    const file = import.meta.url.endsWith('.ts') ? './put-thread.ts' : './put-thread.js'
    const worker = new Worker(new URL(file, import.meta.url), {
      // Nothing of what this process was started with, an inspector for one, and none of its secrets.
      execArgv: [],
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4 },
    })
    const thread: Thread = { worker, isReady: false, waiting: [] }
    threads.add(thread)
    worker.unref()
    worker.on('message', (answer: Answer | 'ready') => {
      if (answer === 'ready') thread.isReady = true
      else settle(thread, answer)
      if (thread.waiting.length === 0) rest(thread)
    })
    // It ends behind each of them.
    worker.on('error', () => undefined)
    worker.on('exit', () => forget(thread))
  }

  function tryToStart(): void {
    try {
      start()
    } catch {
      // The system has none left: others do the work, or nobody's thread does.
    }
  }

  function rest(thread: Thread): void {
    thread.worker.unref()
    thread.idle = setTimeout(() => {
      threads.delete(thread)
      void thread.worker.terminate()
    }, IDLE_MILLISECONDS).unref()
  }

  function forget(thread: Thread): void {
    threads.delete(thread)
    clearTimeout(thread.idle)
    for (const { reject } of thread.waiting.splice(0)) reject(new Error('a thread has ended over its work'))
  }

  return {
    async put(put, otherwise) {
      const all = [...threads]
      const [chosen] = all
        .filter(({ isReady }) => isReady)
        .sort((a, b) => a.waiting.length - b.waiting.length)
      const isBusy = chosen ? chosen.waiting.length > 0 : without > 0
      if (isBusy && all.length < MOST && all.every(({ isReady }) => isReady)) tryToStart()
      if (chosen) return await send(chosen, put)
      without += 1
      try {
        return await otherwise()
      } finally {
        without -= 1
      }
    },
    async close() {
      await Promise.all([...threads].map(({ worker }) => worker.terminate()))
    },
  }
}

type Answer = { placed: boolean } | { message: string; code: string | undefined }

function send({ worker, waiting, idle }: Thread, { temporary, path, bytes }: Put): Promise<boolean> {
  clearTimeout(idle)
  if (waiting.length === 0) worker.ref()
  // A copy of its own, to be handed over: a small buffer is part of a larger one, which would be copied whole.
  const own = new Uint8Array(bytes)
  return new Promise((resolve, reject) => {
    waiting.push({ resolve, reject })
    worker.postMessage({ temporary, path, bytes: own }, [own.buffer])
  })
}

/** A thread answers in the order in which it was asked. */
function settle({ waiting }: Thread, answer: Answer): void {
  const first = waiting.shift()
  if ('placed' in answer) first?.resolve(answer.placed)
  else first?.reject(Object.assign(new Error(answer.message), { code: answer.code }))
}
