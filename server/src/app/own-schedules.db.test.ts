import pino from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runDueSchedules } from '../jobs/schedules/due.ts'
import { selectSchedules } from '../jobs/schedules/store.ts'
import { getSchedule, onScheduleOf, orderRun } from '../jobs/system-job/service.ts'
import { createTestDatabase, type TestDatabase } from '../platform/db/testing.ts'
import { SCRUB, scrubSystemJob } from '../scrub/model.ts'
import { openMemoryDriver } from '../storage/drivers/memory/memory-driver.ts'
import { scheduleOwnWork } from './jobs.ts'
import type { ServerParts } from './server-parts.ts'

let database: TestDatabase
let deps: Parameters<typeof getSchedule>[0]

beforeEach(async () => {
  database = await createTestDatabase()
  deps = { db: database.db, storage: await openMemoryDriver() }
})
afterEach(() => database.drop())

/** A start with these settings. */
const start = (weekly: boolean, kind = 'filesystem') =>
  scheduleOwnWork({
    db: database.db,
    config: { scrub: { weekly } },
    storage: { ...deps.storage, kind },
  } as unknown as ServerParts)

/** As if everything were due; answers what the runs that began are told to do. */
async function due(): Promise<unknown[]> {
  const { db } = database
  await db.deleteFrom('tasks').execute()
  await db.deleteFrom('executions').execute()
  await db
    .updateTable('schedules')
    .set({ next_time: new Date(0) })
    .execute()
  const schedules = { [SCRUB]: onScheduleOf(scrubSystemJob) }
  await runDueSchedules({ db, log: pino({ level: 'silent' }), schedules })
  return (await db.selectFrom('tasks').select('input').where('kind', '=', SCRUB).execute()).map(
    (row) => row.input,
  )
}

const own = (type: 'Custom' | 'None', cron = '0 0 5 1 * *') =>
  orderRun(deps, scrubSystemJob, { type, cron, parameters: { report_only: true } })

test('the scrub runs on Sundays by itself, and reads what is not in a bucket', async () => {
  await start(true)

  const schedule = await getSchedule(deps, scrubSystemJob)

  expect(schedule).toMatchObject({ cron: '0 17 3 * * 0', parameters: { rehash: true, report_only: false } })
  expect(schedule?.nextTime.getUTCDay()).toBe(0)
  expect(await due()).toEqual([{ reportOnly: false, rehash: true, force: false }])
})

test('what was due while nobody ran is due at the next start', async () => {
  await start(true)
  await database.db
    .updateTable('schedules')
    .set({ next_time: new Date(0) })
    .execute()

  await start(true)

  expect((await getSchedule(deps, scrubSystemJob))?.nextTime.getTime()).toBe(0)
})

test('a bucket is not read', async () => {
  await start(true, 's3')

  expect(await due()).toEqual([{ reportOnly: false, rehash: false, force: false }])
})

test('a schedule that somebody has set counts instead, also after a start, until it is removed', async () => {
  await start(true)
  await own('Custom')
  await start(true)
  const whileSet = await getSchedule(deps, scrubSystemJob)
  const begun = await due()
  await own('None')

  expect(whileSet?.cron).toBe('0 0 5 1 * *')
  expect(begun).toEqual([{ reportOnly: true, rehash: false, force: false }])
  expect((await getSchedule(deps, scrubSystemJob))?.cron).toBe('0 17 3 * * 0')
  expect(await due()).toHaveLength(1)
})

test('where the setting is off there are no Sundays, and what somebody has set stays', async () => {
  await start(true)
  await own('Custom')
  await start(false)
  const left = (await selectSchedules(database.db, { limit: 10, offset: 0 })).schedules

  expect(left.filter((schedule) => schedule.vendorType === SCRUB).map(({ cron }) => cron)).toEqual([
    '0 0 5 1 * *',
  ])
  await own('None')
  expect(await getSchedule(deps, scrubSystemJob)).toBeUndefined()
  expect(await due()).toEqual([])
})
