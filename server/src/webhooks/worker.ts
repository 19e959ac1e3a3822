import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import type { SecretBox } from '../platform/crypto/secret-box.ts'
import type { Database } from '../platform/db/database.ts'
import { type Attempt, type DeliverDeps, deliver } from './deliver.ts'
import {
  closeLane,
  findNext,
  giveUp,
  holdLane,
  keepLane,
  type Lane,
  laneFailed,
  laneSucceeded,
  leaveLane,
  type Next,
  type Outcome,
  saveOutcome,
  stopLane,
  takeLane,
} from './lane-store.ts'
import { findPolicyById } from './policy-store.ts'
import { openSecrets } from './secrets.ts'

export interface WebhookWorkerDeps extends DeliverDeps {
  db: Database
  log: Logger
  box: SecretBox
  /** For how long a target may be down before what waits for it is given up. */
  giveUpSeconds: number
  /** Seconds until the second attempt, and at most between two. */
  delays?: { first: number; longest: number }
  /** A worker that is silent for so long has lost its lanes. */
  leaseSeconds?: number
  pollMilliseconds?: number
  around?: AroundAttempt | undefined
}

/** Makes one attempt within something. */
export type AroundAttempt = (
  delivery: Pick<Next, 'id' | 'eventType' | 'attempts' | 'traceparent'>,
  call: () => Promise<Attempt>,
) => Promise<Attempt>

export interface WebhookWorker {
  start(): void
  /** Calls in flight are ended: another worker makes them again. */
  stop(): Promise<void>
}

const DELAYS = { first: 1, longest: 300 }
const LEASE_SECONDS = 15
const POLL_MILLISECONDS = 500
/** Targets that a process serves at once. */
const MOST_LANES = 20
/** Then others have their turn. */
const MOST_IN_A_ROW = 100
/** So often a target that is there may refuse a message. */
const MOST_UNWANTED = 3

/**
 * Delivers what waits: to each target in order, one call at a time, any number of workers together. Whoever serves a target
 * has its lane, says that he lives, and writes only as long as he has it. A call whose outcome was not written is made
 * again: at least once.
 */
export function createWebhookWorker(deps: WebhookWorkerDeps): WebhookWorker {
  const { db, log, delays = DELAYS, leaseSeconds = LEASE_SECONDS } = deps
  const serving = new Map<string, { done: Promise<void>; controller: AbortController }>()
  let timer: NodeJS.Timeout | undefined
  let round: Promise<void> = Promise.resolve()
  let stopped = false

  async function takeLanes(): Promise<void> {
    while (!stopped && serving.size < MOST_LANES) {
      const lane = await takeLane(db, randomUUID(), leaseSeconds)
      if (!lane) return
      const controller = new AbortController()
      const done = serve(lane, controller)
        .catch((error: unknown) => log.error({ err: error, policy: lane.policyId }, 'webhook lane'))
        .finally(() => {
          serving.delete(lane.token)
          if (!stopped) plan(0)
        })
      serving.set(lane.token, { done, controller })
    }
  }

  async function serve(lane: Lane, controller: AbortController): Promise<void> {
    const beat = setInterval(
      () => {
        keepLane(db, lane, leaseSeconds).then(
          (ours) => ours || controller.abort(),
          // The database is away: the lease runs out, or it does not.
          () => undefined,
        )
      },
      (leaseSeconds * 1000) / 3,
    )
    try {
      for (let served = 0; served < MOST_IN_A_ROW && !controller.signal.aborted; served += 1) {
        if (!(await serveNext(lane, controller.signal))) break
      }
    } catch (error) {
      // What cannot be served now is not tried again at once, nor for ever.
      await within(lane, (tx) => fail(tx, lane, 'it cannot be sent'))
      throw error
    } finally {
      clearInterval(beat)
      await leaveLane(db, lane)
    }
  }

  /** Makes the next delivery of the lane; answers whether to go on. */
  async function serveNext(lane: Lane, signal: AbortSignal): Promise<boolean> {
    const next = await findNext(db, lane)
    if (!next) return await within(lane, (tx) => closeLane(tx, lane)).then(() => false)
    const policy = await findPolicyById(db, lane.policyId)
    const target = policy?.targets[lane.target]
    if (!policy || !target) {
      return await within(lane, (tx) => stopLane(tx, lane, 'the target is not there any more'))
    }
    const secrets = openSecrets(deps.box, policy.projectId, policy.sealed)[lane.target] ?? {}
    const startTime = new Date()
    const call = () => deliver(deps, { target, secrets }, next, signal)
    const attempt = await (deps.around ? deps.around(next, call) : call())
    if (attempt.kind === 'ended') return false

    const outcome = outcomeOf(attempt, next, startTime)
    const ours = await within(lane, async (tx) => {
      await saveOutcome(tx, next.id, outcome)
      if (outcome.status === 'Scheduled') await fail(tx, lane, 'the target has been down for too long')
      else await laneSucceeded(tx, lane)
    })
    return ours && outcome.status !== 'Scheduled'
  }

  /** Nothing gets through at the moment; what has waited for too long is given up. */
  async function fail(tx: Database, lane: Lane, reason: string): Promise<void> {
    await laneFailed(tx, lane, delays)
    const given = await giveUp(tx, lane, deps.giveUpSeconds, reason)
    if (given > 0) log.warn({ policy: lane.policyId, deliveries: given }, 'webhook deliveries are given up')
  }

  /** Does something in a transaction if the lane is still ours; answers whether it is. */
  async function within(lane: Lane, work: (tx: Database) => Promise<unknown>): Promise<boolean> {
    return await db.transaction().execute(async (tx) => {
      if (!(await holdLane(tx, lane))) return false
      await work(tx)
      return true
    })
  }

  function plan(delay: number): void {
    clearTimeout(timer)
    timer = setTimeout(() => {
      round = round
        .then(takeLanes)
        .catch((error: unknown) => log.error({ err: error }, 'webhook worker'))
        .then(() => {
          if (!stopped) plan(deps.pollMilliseconds ?? POLL_MILLISECONDS)
        })
    }, delay)
  }

  return {
    start: () => plan(0),
    async stop() {
      stopped = true
      clearTimeout(timer)
      await round
      for (const { controller } of serving.values()) controller.abort()
      await Promise.all([...serving.values()].map(({ done }) => done))
    },
  }
}

function outcomeOf(attempt: Exclude<Attempt, { kind: 'ended' }>, next: Next, startTime: Date): Outcome {
  const number = next.attempts + 1
  const milliseconds = Date.now() - startTime.getTime()
  const line = `${startTime.toISOString()} attempt ${number}: ${attempt.message} (${milliseconds} ms)`
  const again = attempt.kind === 'down' || (attempt.kind === 'unwanted' && number < MOST_UNWANTED)
  if (attempt.kind === 'arrived') return { status: 'Success', statusMessage: '', line, startTime }

  return { status: again ? 'Scheduled' : 'Error', statusMessage: attempt.message, line, startTime }
}
