import { sql } from 'kysely'
import type { Database } from '../../platform/db/database.ts'
import type { Page } from '../../platform/db/list.ts'
import type { Schedule, ScheduleType } from './model.ts'

/** Writes the schedule of a vendor, or changes it; answers its id. */
export async function upsertSchedule(
  db: Database,
  schedule: Omit<Schedule, 'id' | 'creationTime' | 'updateTime'>,
): Promise<number> {
  const row = await db
    .insertInto('schedules')
    .values(toRow(schedule))
    .onConflict((conflict) =>
      conflict.columns(['vendor_type', 'vendor_id']).doUpdateSet({
        cron_type: schedule.type,
        cron: schedule.cron,
        parameters: JSON.stringify(schedule.parameters),
        next_time: schedule.nextTime,
        update_time: sql<Date>`now()`,
      }),
    )
    .returning('id')
    .executeTakeFirstOrThrow()

  return row.id
}

/** Writes the schedule of a vendor that has none. */
export async function insertScheduleIfNone(
  db: Database,
  schedule: Omit<Schedule, 'id' | 'creationTime' | 'updateTime'>,
): Promise<void> {
  await db
    .insertInto('schedules')
    .values(toRow(schedule))
    .onConflict((conflict) => conflict.columns(['vendor_type', 'vendor_id']).doNothing())
    .execute()
}

/** Removes the schedule of a vendor; answers whether there was one. */
export async function deleteSchedule(db: Database, vendorType: string, vendorId: number): Promise<boolean> {
  const result = await db
    .deleteFrom('schedules')
    .where('vendor_type', '=', vendorType)
    .where('vendor_id', '=', vendorId)
    .executeTakeFirst()

  return result.numDeletedRows > 0n
}

/** The schedule of a vendor. */
export async function findSchedule(
  db: Database,
  vendorType: string,
  vendorId: number,
): Promise<Schedule | undefined> {
  const row = await db
    .selectFrom('schedules')
    .selectAll()
    .where('vendor_type', '=', vendorType)
    .where('vendor_id', '=', vendorId)
    .executeTakeFirst()

  return row && toSchedule(row)
}

/** One page of all schedules, and how many there are. */
export async function selectSchedules(
  db: Database,
  page: Page,
): Promise<{ schedules: Schedule[]; total: number }> {
  const { total } = await db
    .selectFrom('schedules')
    .select((eb) => eb.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow()
  const rows = await db
    .selectFrom('schedules')
    .selectAll()
    .orderBy('id')
    .limit(page.limit)
    .offset(page.offset)
    .execute()

  return { schedules: rows.map(toSchedule), total: Number(total) }
}

/** Whether a schedule is due; takes no lock, for the idle case. */
export async function isAnyDue(db: Database): Promise<boolean> {
  const result = await sql<{ due: boolean }>`
    SELECT EXISTS (SELECT FROM schedules WHERE next_time <= now())
      AND NOT EXISTS (SELECT FROM paused_kinds WHERE kind = 'SCHEDULER') AS due`.execute(db)

  return result.rows[0]?.due ?? false
}

/** A due schedule that no other worker has, locked. */
export async function takeDueSchedule(tx: Database): Promise<Schedule | undefined> {
  const row = await tx
    .selectFrom('schedules')
    .selectAll()
    .where('next_time', '<=', sql<Date>`now()`)
    .orderBy('next_time')
    .limit(1)
    .forUpdate()
    .skipLocked()
    .executeTakeFirst()

  return row && toSchedule(row)
}

export async function setNextTime(tx: Database, id: number, time: Date): Promise<void> {
  await tx.updateTable('schedules').set({ next_time: time }).where('id', '=', id).execute()
}

function toRow(schedule: Omit<Schedule, 'id' | 'creationTime' | 'updateTime'>) {
  return {
    vendor_type: schedule.vendorType,
    vendor_id: schedule.vendorId,
    cron_type: schedule.type,
    cron: schedule.cron,
    parameters: JSON.stringify(schedule.parameters),
    next_time: schedule.nextTime,
  }
}

function toSchedule(row: {
  id: number
  vendor_type: string
  vendor_id: number
  cron_type: string
  cron: string
  parameters: Record<string, unknown>
  next_time: Date
  creation_time: Date
  update_time: Date
}): Schedule {
  return {
    id: row.id,
    vendorType: row.vendor_type,
    vendorId: row.vendor_id,
    type: row.cron_type as ScheduleType,
    cron: row.cron,
    parameters: row.parameters,
    nextTime: row.next_time,
    creationTime: row.creation_time,
    updateTime: row.update_time,
  }
}

/** How many schedules there are. */
export async function countSchedules(db: Database): Promise<number> {
  const row = await db
    .selectFrom('schedules')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()

  return Number(row.count)
}
