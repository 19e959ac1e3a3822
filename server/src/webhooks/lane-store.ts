import { sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import type { DeliveryStatus } from './model.ts'

/** How workers serve targets: one at a time has a target's lane. Times are the database's: clocks of machines differ. */

/** A lane in the hands of a worker, for as long as its token is in the row. */
export interface Lane {
  policyId: number
  target: number
  token: string
}

/** What is next in a lane. */
export interface Next {
  id: number
  eventType: string
  contentType: string
  body: string
  attempts: number
  traceparent: string | undefined
}

/**
 * Takes a lane that has something to do, is due, and that nobody has: or had who does not say any more that he lives.
 * Queues that are paused are left alone.
 */
export async function takeLane(db: Database, token: string, leaseSeconds: number): Promise<Lane | undefined> {
  const result = await sql<{ policy_id: number; target: number }>`
    UPDATE webhook_lanes l SET lease_token = ${token}::uuid, lease_time = now() + ${leaseSeconds} * interval '1 second'
    FROM (SELECT policy_id, target FROM webhook_lanes
      WHERE open AND (retry_time IS NULL OR retry_time <= now()) AND (lease_time IS NULL OR lease_time < now())
        AND NOT EXISTS (SELECT FROM paused_kinds WHERE paused_kinds.kind = webhook_lanes.kind)
      ORDER BY retry_time NULLS FIRST LIMIT 1 FOR UPDATE SKIP LOCKED) AS free
    WHERE l.policy_id = free.policy_id AND l.target = free.target
    RETURNING l.policy_id, l.target`.execute(db)
  const [row] = result.rows

  return row && { policyId: row.policy_id, target: row.target, token }
}

/** Says that the worker lives; answers whether the lane is still its own. */
export async function keepLane(db: Database, lane: Lane, leaseSeconds: number): Promise<boolean> {
  const result = await sql`
    UPDATE webhook_lanes SET lease_time = now() + ${leaseSeconds} * interval '1 second'
    WHERE policy_id = ${lane.policyId} AND target = ${lane.target} AND lease_token = ${lane.token}::uuid`.execute(
    db,
  )

  return (result.numAffectedRows ?? 0n) > 0n
}

/** Gives a lane back. */
export async function leaveLane(db: Database, lane: Lane): Promise<void> {
  await sql`
    UPDATE webhook_lanes SET lease_token = NULL, lease_time = NULL
    WHERE policy_id = ${lane.policyId} AND target = ${lane.target} AND lease_token = ${lane.token}::uuid`.execute(
    db,
  )
}

/** Locks a lane of ours for a transaction; answers whether it is. */
export async function holdLane(tx: Database, lane: Lane): Promise<boolean> {
  const row = await tx
    .selectFrom('webhook_lanes')
    .select('policy_id')
    .where('policy_id', '=', lane.policyId)
    .where('target', '=', lane.target)
    .where('lease_token', '=', lane.token)
    .forUpdate()
    .executeTakeFirst()

  return row !== undefined
}

/** What is to be delivered next. */
export async function findNext(db: Database, lane: Lane): Promise<Next | undefined> {
  const row = await db
    .selectFrom('webhook_deliveries')
    .select(['id', 'event_type', 'content_type', 'body', 'attempts', 'traceparent'])
    .where('policy_id', '=', lane.policyId)
    .where('target', '=', lane.target)
    .where('status', 'in', ['Pending', 'Scheduled'])
    .orderBy('id')
    .limit(1)
    .executeTakeFirst()

  return (
    row && {
      id: row.id,
      eventType: row.event_type,
      contentType: row.content_type,
      body: row.body,
      attempts: row.attempts,
      traceparent: row.traceparent ?? undefined,
    }
  )
}

/**
 * Closes a held lane in which nothing waits. New deliveries open it in the transaction that writes them, which waits for
 * this one or is seen by it.
 */
export async function closeLane(tx: Database, lane: Lane): Promise<void> {
  await sql`
    UPDATE webhook_lanes SET open = EXISTS (SELECT FROM webhook_deliveries d
        WHERE d.policy_id = ${lane.policyId} AND d.target = ${lane.target} AND d.status IN ('Pending', 'Scheduled'))
    WHERE policy_id = ${lane.policyId} AND target = ${lane.target}`.execute(tx)
}

/** How an attempt ended. */
export interface Outcome {
  status: DeliveryStatus
  statusMessage: string
  /** A line for the log of the delivery. */
  line: string
  startTime: Date
}

// Of a log so many characters are kept, the newest.
const LOG = 8000

/** Writes the outcome of an attempt in a held lane; answers how often it has been tried. */
export async function saveOutcome(tx: Database, deliveryId: number, outcome: Outcome): Promise<void> {
  const over = outcome.status !== 'Scheduled'
  await sql`
    UPDATE webhook_deliveries SET status = ${outcome.status}, status_message = ${outcome.statusMessage},
      attempts = attempts + 1, log = right(log || ${`${outcome.line}\n`}, ${LOG}::int),
      start_time = coalesce(start_time, ${outcome.startTime}), update_time = now(),
      end_time = CASE WHEN ${over} THEN now() END
    WHERE id = ${deliveryId}`.execute(tx)
}

/** Something got through. */
export async function laneSucceeded(tx: Database, lane: Lane): Promise<void> {
  await sql`
    UPDATE webhook_lanes SET failures = 0, failing_since = NULL, retry_time = NULL
    WHERE policy_id = ${lane.policyId} AND target = ${lane.target} AND failures > 0`.execute(tx)
}

/** Nothing gets through: the next attempt is later and later. */
export async function laneFailed(
  tx: Database,
  lane: Lane,
  delays: { first: number; longest: number },
): Promise<void> {
  await sql`
    UPDATE webhook_lanes SET failures = failures + 1, failing_since = coalesce(failing_since, now()),
      retry_time = now() + least(${delays.longest}::float8, ${delays.first}::float8 * power(2, least(failures, 30)))
        * interval '1 second'
    WHERE policy_id = ${lane.policyId} AND target = ${lane.target}`.execute(tx)
}

/**
 * Gives up what has waited for longer than the target may be down, if it has been down for so long: dead letters. What
 * came later goes on waiting. Answers how many that are.
 */
export async function giveUp(tx: Database, lane: Lane, seconds: number, reason: string): Promise<number> {
  const result = await sql`
    UPDATE webhook_deliveries d SET status = 'Error', update_time = now(), end_time = now(),
      status_message = 'given up: ' || CASE WHEN d.status_message = '' THEN ${reason}::text ELSE d.status_message END
    FROM webhook_lanes l
    WHERE l.policy_id = ${lane.policyId} AND l.target = ${lane.target}
      AND l.failing_since < now() - ${seconds} * interval '1 second'
      AND d.policy_id = l.policy_id AND d.target = l.target AND d.status IN ('Pending', 'Scheduled')
      AND d.queue_time < now() - ${seconds} * interval '1 second'`.execute(tx)

  return Number(result.numAffectedRows ?? 0n)
}

/** Targets for which more waits than that. */
export async function findCrowded(
  db: Database,
  most: number,
): Promise<{ policyId: number; target: number }[]> {
  const rows = await db
    .selectFrom('webhook_deliveries')
    .select(['policy_id', 'target'])
    .where('status', 'in', ['Pending', 'Scheduled'])
    .groupBy(['policy_id', 'target'])
    .having((eb) => eb(eb.fn.countAll<number>(), '>', most))
    .execute()

  return rows.map((row) => ({ policyId: row.policy_id, target: row.target }))
}

/** Gives up the oldest of what waits for a target, but for so many; answers how many. */
export async function giveUpOldest(
  tx: Database,
  { policyId, target }: { policyId: number; target: number },
  most: number,
): Promise<number> {
  await tx
    .selectFrom('webhook_lanes')
    .select('policy_id')
    .where('policy_id', '=', policyId)
    .where('target', '=', target)
    .forUpdate()
    .execute()
  const result = await sql`
    UPDATE webhook_deliveries SET status = 'Error', update_time = now(), end_time = now(),
      status_message = 'given up: too much waited for the target'
    WHERE policy_id = ${policyId} AND target = ${target} AND status IN ('Pending', 'Scheduled') AND id <= (
      SELECT id FROM webhook_deliveries
      WHERE policy_id = ${policyId} AND target = ${target} AND status IN ('Pending', 'Scheduled')
      ORDER BY id DESC OFFSET ${most} LIMIT 1)`.execute(tx)

  return Number(result.numAffectedRows ?? 0n)
}

/** Ends what waits for a target that is not there any more. */
export async function stopLane(tx: Database, lane: Lane, reason: string): Promise<void> {
  await sql`
    UPDATE webhook_deliveries SET status = 'Stopped', status_message = ${reason}, update_time = now(), end_time = now()
    WHERE policy_id = ${lane.policyId} AND target = ${lane.target} AND status IN ('Pending', 'Scheduled')`.execute(
    tx,
  )
}

/** How it goes with the targets of a policy. */
export async function selectLanes(
  db: Database,
  policyId: number,
): Promise<
  { target: number; failures: number; failingSince: Date | undefined; retryTime: Date | undefined }[]
> {
  const rows = await db
    .selectFrom('webhook_lanes')
    .select(['target', 'failures', 'failing_since', 'retry_time'])
    .where('policy_id', '=', policyId)
    .orderBy('target')
    .execute()

  return rows.map((row) => ({
    target: row.target,
    failures: row.failures,
    failingSince: row.failing_since ?? undefined,
    retryTime: row.retry_time ?? undefined,
  }))
}

/** The next attempt is now: somebody believes that the target is back. */
export async function retryLanes(tx: Database, policyId: number): Promise<void> {
  await sql`
    UPDATE webhook_lanes SET retry_time = NULL, failing_since = CASE WHEN failures > 0 THEN now() END
    WHERE policy_id = ${policyId}`.execute(tx)
}
