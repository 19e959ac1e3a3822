import type { Logger } from 'pino'
import type { Database } from '../db/database.ts'
import { transact } from '../db/transact.ts'
import { handOverOneByOne, messageOf, ONE_BY_ONE_FROM, type Patience, type Stop } from './hand-over.ts'
import {
  beginFailing,
  deleteDoneEvents,
  findPendingSubscribers,
  findWindowEvents,
  type Progress,
  passOver,
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
  /** Milliseconds between two looks at an idle outbox: what other processes write is seen this late. */
  pollMilliseconds: number
  /** With an event that a subscriber cannot take. */
  patience?: Patience
}

export interface Dispatcher {
  start(): Promise<void>
  /** This process is about to commit an event: look soon. Costs next to nothing, however often it is called. */
  wake(): void
  /** Ends after the batch in hand. */
  stop(): Promise<void>
}

const PATIENCE: Patience = { attempts: 8, seconds: 900 }
const BATCH = 500
/** Then the clean-up has its turn, and whoever has come meanwhile. */
const MOST_TURNS = 20
const KEEP_HOURS = 24
const CLEANUP_MILLISECONDS = 3_600_000
/** So often those are taken forward to whom events mean nothing: for the clean-up, and so that looks stay short. */
const PASS_MILLISECONDS = 900
/** How long events gather before a look: time for the commit, and fewer and fuller batches. */
const SOON_MILLISECONDS = 40

/**
 * Hands events to subscribers. Events are read in windows of transaction ids that lie wholly below the
 * oldest running transaction, and within a window in id order. Ids alone would skip a transaction that
 * commits late; transaction ids alone would turn two changes of one row around.
 */
export function createDispatcher(deps: DispatcherDeps): Dispatcher {
  let timer: NodeJS.Timeout | undefined
  let due = Number.POSITIVE_INFINITY
  let running: Promise<void> | undefined
  let woken = false
  let started = false
  let stopped = false
  let nextCleanup = 0
  let nextPass = 0
  /** Until the next look while events wait for a transaction that does not end. */
  let patience = SOON_MILLISECONDS

  /** One look, and all that there is to deliver; answers after how many milliseconds to look again. */
  async function round(): Promise<number> {
    const behind = await findPendingSubscribers(deps.db, deps.subscribers)
    const pending = deps.subscribers.filter(({ name }) =>
      behind.some((each) => each.name === name && each.wanted),
    )
    const delivered = await takeTurns(pending)
    if (behind.length > pending.length && Date.now() >= nextPass) {
      nextPass = Date.now() + PASS_MILLISECONDS
      await passOver(deps.db, deps.subscribers)
    }
    if (Date.now() >= nextCleanup) {
      nextCleanup = Date.now() + CLEANUP_MILLISECONDS
      await deleteDoneEvents(deps.db, KEEP_HOURS)
    }
    if (pending.length === 0) return deps.pollMilliseconds
    patience = delivered ? SOON_MILLISECONDS : Math.min(patience * 2, deps.pollMilliseconds)
    return patience
  }

  /** A batch to each, and again to those for whom there is more: who hears of something all the time keeps nobody waiting. */
  async function takeTurns(pending: readonly Subscriber[]): Promise<boolean> {
    let delivered = false
    let waiting = pending
    for (let turn = 0; turn < MOST_TURNS && waiting.length > 0; turn += 1) {
      const more: Subscriber[] = []
      for (const subscriber of waiting) {
        if (!stopped && (await deliver(deps, subscriber))) more.push(subscriber)
      }
      waiting = more
      delivered ||= more.length > 0
    }
    return delivered
  }

  function schedule(delay: number): void {
    clearTimeout(timer)
    due = Date.now() + delay
    timer = setTimeout(() => {
      woken = false
      running = round()
        .catch((error: unknown) => {
          deps.log.error({ err: error }, 'event dispatcher')
          return deps.pollMilliseconds
        })
        .then((next) => {
          running = undefined
          if (!stopped) schedule(woken ? Math.min(next, SOON_MILLISECONDS) : next)
        })
    }, delay)
  }

  return {
    async start() {
      await Promise.all(deps.subscribers.map(({ name }) => registerSubscriber(deps.db, name)))
      started = true
      schedule(deps.pollMilliseconds)
    },
    wake() {
      woken = true
      if (!started || stopped || running !== undefined) return
      if (due > Date.now() + SOON_MILLISECONDS) schedule(SOON_MILLISECONDS)
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
  deps: Pick<DispatcherDeps, 'db' | 'log' | 'patience'>,
  subscriber: Subscriber,
): Promise<boolean> {
  const { db, log, patience = PATIENCE } = deps
  try {
    return await transact(db, async (tx) => {
      const progress = await takeProgress(tx, subscriber.name)
      if (!progress) return false

      const windowXid = progress.windowXid ?? progress.horizon
      const events = await findWindowEvents(tx, { ...progress, windowXid }, subscriber.types, BATCH)
      if (progress.failures >= ONE_BY_ONE_FROM) {
        const { stop, putAside } = await handOverOneByOne(tx, subscriber, events, progress, patience)
        for (const { id, type } of putAside) {
          log.error(
            { subscriber: subscriber.name, event: id, type },
            'an event was put aside as a dead letter',
          )
        }
        if (stop) {
          await stopAt(tx, progress, windowXid, stop)
          log.error(
            { err: stop.error, subscriber: subscriber.name, event: stop.at.id },
            'a subscriber fails at an event',
          )
          return false
        }
      } else if (events.length > 0) await subscriber.handle(tx, events)

      const full = events.length === BATCH
      const nothingNew = !full && events.length === 0 && windowXid === progress.doneXid
      if (nothingNew) return false

      await saveProgress(
        tx,
        full
          ? { ...progress, windowXid, doneId: events.at(-1)?.id ?? progress.doneId }
          : { ...progress, doneXid: windowXid, windowXid: null, doneId: 0 },
      )
      return events.length > 0 || progress.windowXid !== null
    })
  } catch (error) {
    log.error({ err: error, subscriber: subscriber.name }, 'a subscriber failed, its events will come again')
    await saveFailure(db, subscriber.name, { error: messageOf(error) })
    return false
  }
}

/** Keeps what is done before the event that the subscriber fails at, and notes the failure. */
async function stopAt(
  tx: Database,
  progress: Progress,
  windowXid: string,
  { at, error }: Stop,
): Promise<void> {
  if (at.id !== progress.failingId) {
    // Another event than before has its own attempts.
    await saveProgress(tx, { ...progress, windowXid, doneId: at.id - 1 })
    await beginFailing(tx, progress.name, ONE_BY_ONE_FROM - 1)
  }
  await saveFailure(tx, progress.name, { error: messageOf(error), failingId: at.id })
}
