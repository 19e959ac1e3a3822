import { sql } from 'kysely'
import type { Database } from '../db/database.ts'
import type { StoredEvent, Subscriber } from './subscriber.ts'

/** Where a subscriber stands; transaction ids are text, they exceed 2^53 one day. */
export interface Progress {
  name: string
  doneXid: string
  windowXid: string | null
  /** The oldest transaction still running: everything below it is committed or rolled back. */
  horizon: string
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

/** What a subscriber waits for. */
export type Wishes = Pick<Subscriber, 'name' | 'types'>

/**
 * Those of the subscribers that have not seen the newest events, and whether something they want may be among them: one
 * look for all of them that takes no lock and writes nothing, for the idle case. Those who wait after a failure are
 * left out.
 */
export async function findPendingSubscribers(
  db: Database,
  subscribers: readonly Wishes[],
): Promise<{ name: string; wanted: boolean }[]> {
  const result = await sql<{ name: string; wanted: boolean }>`
    SELECT s.name,
      EXISTS (SELECT FROM events e WHERE e.xid >= s.done_xid AND e.type = ANY(w.types)) AS wanted
    FROM ${wishes(subscribers)} JOIN event_subscribers s ON s.name = w.name
    WHERE (s.retry_time IS NULL OR s.retry_time <= now())
      AND EXISTS (SELECT FROM events e WHERE e.xid >= s.done_xid)`.execute(db)

  return result.rows
}

/**
 * Takes those of the subscribers past the newest events who want none of them: one statement for all, where each would
 * have had to read them in a transaction of its own. Whoever is busy or has failed is left alone.
 */
export async function passOver(db: Database, subscribers: readonly Wishes[]): Promise<void> {
  // All events below the horizon are seen by this statement, also where a row has changed since it began.
  await sql`
    WITH horizon AS (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS xid),
    quiet AS MATERIALIZED (
      SELECT s.name FROM ${wishes(subscribers)} JOIN event_subscribers s ON s.name = w.name CROSS JOIN horizon h
      WHERE s.window_xid IS NULL AND s.failures = 0 AND s.done_xid < h.xid
        AND NOT EXISTS (
          SELECT FROM events e WHERE e.xid >= s.done_xid AND e.xid < h.xid AND e.type = ANY(w.types))
      FOR UPDATE OF s SKIP LOCKED)
    UPDATE event_subscribers SET done_xid = h.xid, done_id = 0
    FROM quiet, horizon h WHERE event_subscribers.name = quiet.name`.execute(db)
}

function wishes(subscribers: readonly Wishes[]) {
  const rows = JSON.stringify(subscribers.map(({ name, types }) => ({ name, types })))

  return sql`jsonb_to_recordset(${rows}::jsonb) AS w(name text COLLATE "C", types text[])`
}

/**
 * Takes the subscriber's row for this transaction, unless another replica has it or it waits after a failure.
 *
 * The transaction does not wait for its commit to be on the disk: what a power cut takes of it, it takes of the progress
 * as well, and the events, which were waited for, are handed over again.
 */
export async function takeProgress(tx: Database, name: string): Promise<Progress | undefined> {
  const row = await tx
    .selectFrom('event_subscribers')
    .select(['name', 'done_xid', 'window_xid', 'done_id', 'failures', 'failing_id'])
    .select([
      sql<number>`coalesce(extract(epoch FROM now() - failing_since), 0)::float8`.as('failing_seconds'),
      // The row may be younger than this statement, and the horizon must not be older than what is done.
      sql<string>`greatest(done_xid, pg_snapshot_xmin(pg_current_snapshot()))::text`.as('horizon'),
      sql<string>`set_config('synchronous_commit', 'off', true)`.as('relaxed'),
    ])
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
      horizon: row.horizon,
      doneId: row.done_id,
      failures: row.failures,
      failingId: row.failing_id,
      failingSeconds: row.failing_seconds,
    }
  )
}

/** The next events of these types in the window [doneXid, windowXid) behind `doneId`, in id order. */
export async function findWindowEvents(
  tx: Database,
  window: { doneXid: string; windowXid: string; doneId: number },
  types: readonly string[],
  limit: number,
): Promise<StoredEvent[]> {
  const rows = await tx
    .selectFrom('events')
    .select(['id', 'type', 'payload', 'occurrence_time', 'traceparent'])
    .where(sql<boolean>`xid >= ${window.doneXid}::xid8 AND xid < ${window.windowXid}::xid8`)
    .where('id', '>', window.doneId)
    .where(sql<boolean>`type = ANY(${[...types]}::text[])`)
    .orderBy('id')
    .limit(limit)
    .execute()

  return rows.map((row) => ({
    id: row.id,
    type: row.type,
    payload: row.payload as Record<string, unknown>,
    occurrenceTime: row.occurrence_time,
    ...(row.traceparent === null ? {} : { traceparent: row.traceparent }),
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
