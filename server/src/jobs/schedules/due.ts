import type { Logger } from 'pino'
import type { Database } from '../../platform/db/database.ts'
import { nextTime } from '../cron.ts'
import type { Schedule } from './model.ts'
import { isAnyDue, setNextTime, takeDueSchedule } from './store.ts'

/** Starts what a schedule is for, within the transaction that plans its next time. */
export type OnSchedule = (tx: Database, schedule: Schedule) => Promise<void>

// A schedule that never comes again waits for its change.
const NEVER = new Date('9999-12-31T00:00:00Z')
const A_MINUTE = 60_000

/**
 * Starts what is due, each once however many workers there are, and once for all the times that nobody was there. What
 * cannot be started is tried again a minute later.
 */
export async function runDueSchedules(deps: {
  db: Database
  log: Logger
  schedules: Readonly<Record<string, OnSchedule>>
}): Promise<void> {
  if (!(await isAnyDue(deps.db))) return
  while (await runOne(deps));
}

/** Starts one; answers whether there may be more. */
async function runOne({ db, log, schedules }: Parameters<typeof runDueSchedules>[0]): Promise<boolean> {
  let taken: Schedule | undefined
  try {
    return await db.transaction().execute(async (tx) => {
      const schedule = await takeDueSchedule(tx)
      if (!schedule) return false
      taken = schedule
      await schedules[schedule.vendorType]?.(tx, schedule)
      const last = Math.max(Date.now(), schedule.nextTime.getTime())
      await setNextTime(
        tx,
        schedule.id,
        nextTime(schedule.cron, new Date(last), schedule.vendorType) ?? NEVER,
      )
      return true
    })
  } catch (error) {
    if (!taken) throw error
    log.error({ err: error, schedule: taken.id, vendor: taken.vendorType }, 'a schedule could not be started')
    await setNextTime(db, taken.id, new Date(Date.now() + A_MINUTE))
    return true
  }
}
