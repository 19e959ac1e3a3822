import { sql } from 'kysely'
import type { Database } from '../db/database.ts'
import type { StoredEvent } from './subscriber.ts'

/** Where a subscriber stands; transaction ids are text, they exceed 2^53 one day. */
export interface Progress {
  name: string
  doneXid: string
  windowXid: string | null
  doneId: number
  /** How often it has failed without a success between. */
  failures: number
  /** The event that it fails at, where that is known, and for how many seconds it has. */
  failingId: number | null
  failingSeconds: number
}

/** Makes a subscriber known; it hears of what happens from now on. */
export async function registerSubscriber(db: Database, name: string): Promise<void> {
  await sql`
    INSERT INTO event_subscribers (name, done_xid)
    VALUES (${name}, pg_snapshot_xmin(pg_current_snapshot()))
    ON CONFLICT (name) DO NOTHING`.execute(db)
}

/**
 * Those of the subscribers that something may be waiting for: one look for all of them that takes no lock
 * and writes nothing, for the idle case. Those who wait after a failure are left out.
 */
export async function findPendingSubscribers(
  db: Database,
  names: readonly string[],
): Promise<ReadonlySet<string>> {
  const result = await sql<{ name: string }>`
    SELECT name FROM event_subscribers s
    WHERE name = ANY(${[...names]}::text[]) AND (retry_time IS NULL OR retry_time <= now())
      AND EXISTS (SELECT 1 FROM events e WHERE e.xid >= s.done_xid)`.execute(db)

  return new Set(result.rows.map((row) => row.name))
}

/** Takes the subscriber's row for this transaction, unless another replica has it or it waits after a failure. */
export async function takeProgress(tx: Database, name: string): Promise<Progress | undefined> {
  const row = await tx
    .selectFrom('event_subscribers')
    .select(['name', 'done_xid', 'window_xid', 'done_id', 'failures', 'failing_id'])
    .select(sql<number>`coalesce(extract(epoch FROM now() - failing_since), 0)::float8`.as('failing_seconds'))
    .where('name', '=', name)
    .where((eb) => eb.or([eb('retry_time', 'is', null), eb('retry_time', '<=', sql<Date>`now()`)]))
    .forUpdate()
    .skipLocked()
    .executeTakeFirst()

  return (
    row && {
      name: row.name,
      doneXid: row.done_xid,
      windowXid: row.window_xid,
      doneId: row.done_id,
      failures: row.failures,
      failingId: row.failing_id,
      failingSeconds: row.failing_seconds,
    }
  )
}

/** The oldest transaction still running: everything below it is committed or rolled back. */
export async function findHorizon(tx: Database): Promise<string> {
  const result = await sql<{
    xid: string
  }>`SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS xid`.execute(tx)

  return result.rows[0]?.xid ?? '0'
}

/** The next events of the window [doneXid, windowXid) behind `doneId`, in id order. */
export async function findWindowEvents(
  tx: Database,
  window: { doneXid: string; windowXid: string; doneId: number },
  limit: number,
): Promise<StoredEvent[]> {
  const rows = await tx
    .selectFrom('events')
    .select(['id', 'type', 'payload', 'occurrence_time'])
    .where(sql<boolean>`xid >= ${window.doneXid}::xid8 AND xid < ${window.windowXid}::xid8`)
    .where('id', '>', window.doneId)
    .orderBy('id')
    .limit(limit)
    .execute()

  return rows.map((row) => ({
    id: row.id,
    type: row.type,
    payload: row.payload as Record<string, unknown>,
    occurrenceTime: row.occurrence_time,
  }))
}

/** Where a subscriber stands now, nothing having failed. */
export async function saveProgress(
  tx: Database,
  progress: Pick<Progress, 'name' | 'doneXid' | 'windowXid' | 'doneId'>,
): Promise<void> {
  await tx
    .updateTable('event_subscribers')
    .set({
      done_xid: progress.doneXid,
      window_xid: progress.windowXid,
      done_id: progress.doneId,
      failures: 0,
      retry_time: null,
      failing_since: null,
      failing_id: null,
      last_error: '',
    })
    .where('name', '=', progress.name)
    .execute()
}

/** Notes that so many failures have gone before. */
export async function beginFailing(tx: Database, name: string, failures: number): Promise<void> {
  await tx.updateTable('event_subscribers').set({ failures }).where('name', '=', name).execute()
}

// Of an error so many characters are kept.
const ERROR = 2000

/**
 * Notes a failure and when to try again: 1 s, 2 s, 4 s … at most 5 minutes. `failingId` is the event that it fails at,
 * where that is known.
 */
export async function saveFailure(
  db: Database,
  name: string,
  failure: { error: string; failingId?: number },
): Promise<void> {
  const failingId = failure.failingId ?? null
  await sql`
    UPDATE event_subscribers
    SET failures = failures + 1,
        retry_time = now() + least(300, power(2, least(failures, 10))) * interval '1 second',
        failing_since = coalesce(failing_since, now()),
        failing_id = coalesce(${failingId}::bigint, failing_id),
        last_error = left(${failure.error}, ${ERROR}::int)
    WHERE name = ${name}`.execute(db)
}

/** Removes events that every subscriber has done and that are older than `keepHours`. */
export async function deleteDoneEvents(db: Database, keepHours: number): Promise<void> {
  await sql`
    DELETE FROM events
    WHERE xid < (SELECT coalesce(min(done_xid), pg_snapshot_xmin(pg_current_snapshot())) FROM event_subscribers)
      AND occurrence_time < now() - ${keepHours} * interval '1 hour'`.execute(db)
}
