import { type Expression, sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import { condition, type Filter, type Order, type Page } from '../platform/db/list.ts'
import type { Delivery, DeliveryStatus, NewDelivery } from './model.ts'

/** Fields that lists of deliveries are filtered and sorted by. */
export type DeliveryField =
  | 'id'
  | 'event_type'
  | 'trigger'
  | 'status'
  | 'creation_time'
  | 'start_time'
  | 'update_time'
  | 'end_time'

const ref = (name: string): Expression<unknown> => sql.ref(name)

/**
 * Writes deliveries, in their order, and tells the workers that their targets have something to do. Answers their ids. Rows
 * of lanes are locked in one order by everybody.
 */
export async function insertDeliveries(tx: Database, deliveries: readonly NewDelivery[]): Promise<number[]> {
  if (deliveries.length === 0) return []
  const column = <K extends keyof NewDelivery>(name: K) => deliveries.map((one) => one[name])
  const result = await sql<{ id: number }>`
    INSERT INTO webhook_deliveries (policy_id, target, event_type, trigger, content_type, body, traceparent)
    SELECT policy_id, target, event_type, trigger, content_type, body, traceparent
    FROM unnest(${column('policyId')}::bigint[], ${column('target')}::smallint[], ${column('eventType')}::text[],
      ${column('trigger')}::text[], ${column('contentType')}::text[], ${column('body')}::text[],
      ${deliveries.map((one) => one.traceparent ?? null)}::text[])
      WITH ORDINALITY AS d(policy_id, target, event_type, trigger, content_type, body, traceparent, position)
    ORDER BY position
    RETURNING id`.execute(tx)
  await openLanes(tx, deliveries)

  return result.rows.map((row) => row.id)
}

/** Makes the lanes of new deliveries open, those that are not. */
export async function openLanes(
  tx: Database,
  lanes: readonly Pick<NewDelivery, 'policyId' | 'target' | 'kind'>[],
): Promise<void> {
  await sql`
    INSERT INTO webhook_lanes (policy_id, target, kind)
    SELECT DISTINCT ON (policy_id, target) policy_id, target, kind
    FROM unnest(${lanes.map((one) => one.policyId)}::bigint[], ${lanes.map((one) => one.target)}::smallint[],
      ${lanes.map((one) => one.kind)}::text[]) AS l(policy_id, target, kind)
    ORDER BY policy_id, target
    ON CONFLICT (policy_id, target) DO UPDATE SET open = true, kind = excluded.kind`.execute(tx)
}

/** One page of a policy's deliveries, the newest first unless `orders` say otherwise, and how many there are. */
export async function selectDeliveries(
  db: Database,
  policyId: number,
  list: {
    filters: readonly Filter<DeliveryField>[]
    statuses?: readonly string[]
    orders: readonly Order<DeliveryField>[]
    page: Page
  },
): Promise<{ deliveries: Delivery[]; total: number }> {
  let query = db.selectFrom('webhook_deliveries').where('policy_id', '=', policyId)
  for (const filter of list.filters) query = query.where(condition(ref(filter.field), filter))
  if (list.statuses) query = query.where(sql<boolean>`status = ANY(${[...list.statuses]}::text[])`)
  const { total } = await query.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow()
  let page = query.select(COLUMNS)
  for (const { field, descending } of list.orders)
    page = page.orderBy(ref(field), descending ? 'desc' : 'asc')
  const rows = await page.orderBy('id', 'desc').limit(list.page.limit).offset(list.page.offset).execute()

  return { deliveries: rows.map(toDelivery), total: Number(total) }
}

/** A delivery, if it is the policy's. */
export async function findDelivery(
  db: Database,
  policyId: number,
  id: number,
): Promise<Delivery | undefined> {
  const row = await db
    .selectFrom('webhook_deliveries')
    .select(COLUMNS)
    .where('id', '=', id)
    .where('policy_id', '=', policyId)
    .executeTakeFirst()

  return row && toDelivery(row)
}

/** What was noted of the attempts of a delivery. */
export async function readLog(db: Database, id: number): Promise<string> {
  const row = await db.selectFrom('webhook_deliveries').select('log').where('id', '=', id).executeTakeFirst()

  return row?.log ?? ''
}

/** A delivery that is made at once, whatever waits: a test. */
export async function insertDone(
  db: Database,
  delivery: Omit<NewDelivery, 'kind'>,
  outcome: { status: DeliveryStatus; statusMessage: string; log: string; startTime: Date },
): Promise<number> {
  const row = await db
    .insertInto('webhook_deliveries')
    .values({
      policy_id: delivery.policyId,
      target: delivery.target,
      event_type: delivery.eventType,
      trigger: delivery.trigger,
      content_type: delivery.contentType,
      body: delivery.body,
      status: outcome.status,
      status_message: outcome.statusMessage,
      log: outcome.log,
      attempts: 1,
      start_time: outcome.startTime,
      end_time: sql<Date>`now()`,
    })
    .returning('id')
    .executeTakeFirstOrThrow()

  return row.id
}

/**
 * Puts what was given up back into the queue, where it was: before whatever came later and still waits. Answers which
 * targets have something to do again, and how many deliveries that are.
 */
export async function requeueDead(
  tx: Database,
  policyId: number,
): Promise<{ targets: number[]; count: number }> {
  const result = await sql<{ target: number }>`
    UPDATE webhook_deliveries SET status = 'Pending', attempts = 0, status_message = '', end_time = NULL,
      queue_time = now(), update_time = now()
    WHERE policy_id = ${policyId} AND status = 'Error' AND event_type <> ${TEST_EVENT}
    RETURNING target`.execute(tx)

  return { targets: [...new Set(result.rows.map((row) => row.target))], count: result.rows.length }
}

/** The kind of a test, which is no event. */
export const TEST_EVENT = 'TEST'

/** When each policy sent something last, by kind of event. */
export async function findLastTriggers(
  db: Database,
  policyIds: readonly number[],
): Promise<{ policyId: number; eventType: string; time: Date }[]> {
  if (policyIds.length === 0) return []
  const rows = await db
    .selectFrom('webhook_deliveries')
    .select((eb) => ['policy_id', 'event_type', eb.fn.max('creation_time').as('time')])
    .where('policy_id', 'in', [...policyIds])
    .groupBy(['policy_id', 'event_type'])
    .execute()

  return rows.map((row) => ({
    policyId: row.policy_id,
    eventType: row.event_type,
    time: row.time as unknown as Date,
  }))
}

/** What waits of a policy, and what was given up. */
export async function readBacklog(
  db: Database,
  policyId: number,
): Promise<{
  waiting: number
  oldestWaiting: Date | null
  dead: number
  gapBegin: Date | null
  gapEnd: Date | null
}> {
  const result = await sql<{
    waiting: number
    oldestWaiting: Date | null
    dead: number
    gapBegin: Date | null
    gapEnd: Date | null
  }>`
    SELECT count(*) FILTER (WHERE open)::int AS waiting, min(creation_time) FILTER (WHERE open) AS "oldestWaiting",
      count(*) FILTER (WHERE dead)::int AS dead, min(creation_time) FILTER (WHERE dead) AS "gapBegin",
      max(creation_time) FILTER (WHERE dead) AS "gapEnd"
    FROM (SELECT creation_time, status IN ('Pending', 'Scheduled') AS open,
        status = 'Error' AND event_type <> ${TEST_EVENT} AS dead
      FROM webhook_deliveries WHERE policy_id = ${policyId}) d`.execute(db)
  const [row] = result.rows
  if (!row) throw new Error('no row of counts')

  return row
}

/** Deletes what is over and too old: what arrived beyond the newest `keep` of a policy, and dead letters after some days. */
export async function deleteOldDeliveries(
  db: Database,
  limits: { keep: number; deadDays: number; mostDead: number },
): Promise<void> {
  await sql`
    DELETE FROM webhook_deliveries d USING (
      SELECT id, row_number() OVER (PARTITION BY policy_id, status = 'Error' ORDER BY id DESC) AS place
      FROM webhook_deliveries WHERE status IN ('Success', 'Stopped', 'Error')) AS n
    WHERE d.id = n.id AND d.status IN ('Success', 'Stopped', 'Error')
      AND (n.place > CASE WHEN d.status = 'Error' THEN ${limits.mostDead}::int ELSE ${limits.keep}::int END
        OR (d.status = 'Error' AND d.end_time < now() - make_interval(days => ${limits.deadDays})))`.execute(
    db,
  )
}

const COLUMNS = [
  'id',
  'policy_id',
  'target',
  'event_type',
  'trigger',
  'content_type',
  'body',
  'status',
  'status_message',
  'attempts',
  'creation_time',
  'start_time',
  'update_time',
  'end_time',
] as const

function toDelivery(row: {
  id: number
  policy_id: number
  target: number
  event_type: string
  trigger: Delivery['trigger']
  content_type: string
  body: string
  status: DeliveryStatus
  status_message: string
  attempts: number
  creation_time: Date
  start_time: Date | null
  update_time: Date
  end_time: Date | null
}): Delivery {
  return {
    id: row.id,
    policyId: row.policy_id,
    target: row.target,
    eventType: row.event_type,
    trigger: row.trigger,
    contentType: row.content_type,
    body: row.body,
    status: row.status,
    statusMessage: row.status_message,
    attempts: row.attempts,
    creationTime: row.creation_time,
    startTime: row.start_time ?? undefined,
    updateTime: row.update_time,
    endTime: row.end_time ?? undefined,
  }
}
