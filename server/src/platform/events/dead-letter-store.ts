import { type Expression, sql } from 'kysely'
import type { Database } from '../db/database.ts'
import { condition, type Filter, type Order, type Page } from '../db/list.ts'
import type { StoredEvent } from './subscriber.ts'

/** An event that a subscriber could not take. */
export interface DeadLetter {
  id: number
  subscriber: string
  event: StoredEvent
  error: string
  attempts: number
  creationTime: Date
}

/** Fields that lists of dead letters are filtered and sorted by. */
export type DeadLetterField =
  | 'id'
  | 'subscriber'
  | 'event_id'
  | 'type'
  | 'attempts'
  | 'occurrence_time'
  | 'creation_time'

// Of an error so many characters are kept.
const ERROR = 2000

const ref = (name: string): Expression<unknown> => sql.ref(name)

/** Puts an event aside for a subscriber. */
export async function insertDeadLetter(
  tx: Database,
  subscriber: string,
  event: StoredEvent,
  failure: { error: string; attempts: number },
): Promise<void> {
  await tx
    .insertInto('event_dead_letters')
    .values({
      subscriber,
      event_id: event.id,
      type: event.type,
      payload: JSON.stringify(event.payload),
      occurrence_time: event.occurrenceTime,
      error: failure.error.slice(0, ERROR),
      attempts: failure.attempts,
    })
    .onConflict((conflict) => conflict.columns(['subscriber', 'event_id']).doNothing())
    .execute()
}

/** One page of dead letters, the oldest event first unless `orders` say otherwise, and how many there are. */
export async function selectDeadLetters(
  db: Database,
  list: {
    filters: readonly Filter<DeadLetterField>[]
    orders: readonly Order<DeadLetterField>[]
    page: Page
  },
): Promise<{ letters: DeadLetter[]; total: number }> {
  let query = db.selectFrom('event_dead_letters')
  for (const filter of list.filters) query = query.where(condition(ref(filter.field), filter))
  const { total } = await query.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow()
  let page = query.selectAll()
  for (const { field, descending } of list.orders)
    page = page.orderBy(ref(field), descending ? 'desc' : 'asc')
  const rows = await page.orderBy('id').limit(list.page.limit).offset(list.page.offset).execute()

  return { letters: rows.map(toLetter), total: Number(total) }
}

/** A dead letter, locked until the transaction ends. */
export async function lockDeadLetter(tx: Database, id: number): Promise<DeadLetter | undefined> {
  const row = await tx
    .selectFrom('event_dead_letters')
    .selectAll()
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst()

  return row && toLetter(row)
}

export async function deleteDeadLetter(tx: Database, id: number): Promise<void> {
  await tx.deleteFrom('event_dead_letters').where('id', '=', id).execute()
}

/** Notes that a replay has failed too. */
export async function saveReplayFailure(db: Database, id: number, error: string): Promise<void> {
  await sql`
    UPDATE event_dead_letters SET attempts = attempts + 1, error = left(${error}, ${ERROR}::int)
    WHERE id = ${id}`.execute(db)
}

/** How a subscriber gets on. */
export interface SubscriberState {
  name: string
  /** Events that it has not been handed yet, counted up to a bound. */
  behind: number
  failures: number
  failingSince: Date | null
  retryTime: Date | null
  lastError: string
  deadLetters: number
  gapBegin: Date | null
  gapEnd: Date | null
}

/** All subscribers, by name; `most` bounds the counting of what they are behind. */
export async function selectSubscriberStates(db: Database, most: number): Promise<SubscriberState[]> {
  const result = await sql<SubscriberState>`
    SELECT s.name, s.failures, s.failing_since AS "failingSince", s.retry_time AS "retryTime",
      s.last_error AS "lastError",
      (SELECT count(*)::int FROM (SELECT FROM events e
        WHERE (e.xid >= s.done_xid AND (s.window_xid IS NULL OR e.xid >= s.window_xid OR e.id > s.done_id))
        LIMIT ${most}) AS bounded) AS behind,
      coalesce(d.letters, 0)::int AS "deadLetters", d.gap_begin AS "gapBegin", d.gap_end AS "gapEnd"
    FROM event_subscribers s
    LEFT JOIN (SELECT subscriber, count(*) AS letters, min(occurrence_time) AS gap_begin,
        max(occurrence_time) AS gap_end FROM event_dead_letters GROUP BY subscriber) d ON d.subscriber = s.name
    ORDER BY s.name`.execute(db)

  return result.rows
}

function toLetter(row: {
  id: number
  subscriber: string
  event_id: number
  type: string
  payload: Record<string, unknown>
  occurrence_time: Date
  error: string
  attempts: number
  creation_time: Date
}): DeadLetter {
  return {
    id: row.id,
    subscriber: row.subscriber,
    event: {
      id: row.event_id,
      type: row.type,
      payload: row.payload,
      occurrenceTime: row.occurrence_time,
    },
    error: row.error,
    attempts: row.attempts,
    creationTime: row.creation_time,
  }
}
