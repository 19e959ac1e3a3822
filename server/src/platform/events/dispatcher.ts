import type { Logger } from 'pino'
import type { Database } from '../db/database.ts'
import {
  deleteDoneEvents,
  findHorizon,
  findWindowEvents,
  hasPendingEvents,
  registerSubscriber,
  saveFailure,
  saveProgress,
  takeProgress,
} from './progress.ts'
import type { Subscriber } from './subscriber.ts'

export interface DispatcherDeps {
  db: Database
  log: Logger
  subscribers: readonly Subscriber[]
  /** Milliseconds between two looks at an idle outbox. */
  pollMilliseconds: number
}

export interface Dispatcher {
  start(): Promise<void>
  /** Ends after the batch in hand. */
  stop(): Promise<void>
}

const BATCH = 500
const KEEP_HOURS = 24
const CLEANUP_MILLISECONDS = 3_600_000

/**
 * Hands events to subscribers. Events are read in windows of transaction ids that lie wholly below the
 * oldest running transaction, and within a window in id order. Ids alone would skip a transaction that
 * commits late; transaction ids alone would turn two changes of one row around.
 */
export function createDispatcher(deps: DispatcherDeps): Dispatcher {
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> = Promise.resolve()
  let stopped = false
  let nextCleanup = 0

  async function round(): Promise<void> {
    for (const subscriber of deps.subscribers) {
      while (!stopped && (await deliver(deps, subscriber)));
    }
    if (Date.now() >= nextCleanup) {
      nextCleanup = Date.now() + CLEANUP_MILLISECONDS
      await deleteDoneEvents(deps.db, KEEP_HOURS)
    }
  }

  function schedule(): void {
    if (stopped) return
    timer = setTimeout(() => {
      running = round()
        .catch((error: unknown) => deps.log.error({ err: error }, 'event dispatcher'))
        .finally(schedule)
    }, deps.pollMilliseconds)
  }

  return {
    async start() {
      for (const subscriber of deps.subscribers) await registerSubscriber(deps.db, subscriber.name)
      schedule()
    },
    async stop() {
      stopped = true
      clearTimeout(timer)
      await running
    },
  }
}

/** Hands one batch to one subscriber; answers whether there may be more at once. */
export async function deliver(
  deps: Pick<DispatcherDeps, 'db' | 'log'>,
  subscriber: Subscriber,
): Promise<boolean> {
  try {
    if (!(await hasPendingEvents(deps.db, subscriber.name))) return false

    return await deps.db.transaction().execute(async (tx) => {
      const progress = await takeProgress(tx, subscriber.name)
      if (!progress) return false

      const windowXid = progress.windowXid ?? (await findHorizon(tx))
      const events = await findWindowEvents(tx, { ...progress, windowXid }, BATCH)
      const wanted = events.filter((event) => subscriber.types.includes(event.type))
      if (wanted.length > 0) await subscriber.handle(tx, wanted)

      const full = events.length === BATCH
      const nothingNew = !full && events.length === 0 && windowXid === progress.doneXid
      if (nothingNew) return false

      await saveProgress(
        tx,
        full
          ? { ...progress, windowXid, doneId: events.at(-1)?.id ?? progress.doneId }
          : { ...progress, doneXid: windowXid, windowXid: null, doneId: 0 },
      )
      return events.length > 0
    })
  } catch (error) {
    deps.log.error(
      { err: error, subscriber: subscriber.name },
      'a subscriber failed, its events will come again',
    )
    await saveFailure(deps.db, subscriber.name)
    return false
  }
}
