import type { Database } from '../../platform/db/database.ts'
import { DomainError } from '../../platform/errors.ts'
import { nextTime } from '../cron.ts'
import { CRONS, type ScheduleType } from './model.ts'
import { insertScheduleIfNone, upsertSchedule } from './store.ts'

export interface ScheduleRequest {
  vendorType: string
  vendorId?: number
  type: ScheduleType
  /** Six fields, seconds first. Without it the type says when. */
  cron?: string
  parameters: Record<string, unknown>
  /** What is scheduled, for messages. */
  what: string
}

/** Sets the schedule of a vendor, in place of the one it has; answers its id. Throws bad-request. */
export async function setSchedule(db: Database, request: ScheduleRequest): Promise<number> {
  const { vendorType, vendorId = 0, type, parameters, what } = request
  const cron = request.cron || (type === 'Custom' ? '' : CRONS[type])
  const next = nextTime(cron, new Date(), what)
  if (!next) throw new DomainError('bad-request', `the cron string for ${what} names no time: ${cron}`)

  return await upsertSchedule(db, { vendorType, vendorId, type, cron, parameters, nextTime: next })
}

/** Schedules what the system does by itself, unless that is scheduled already: what was due while nobody ran is still due. */
export async function ensureSchedule(
  db: Database,
  vendorType: string,
  cron: string,
  { vendorId = 0, parameters = {} }: { vendorId?: number; parameters?: Record<string, unknown> } = {},
): Promise<void> {
  const next = nextTime(cron, new Date(), vendorType)
  if (!next) throw new Error(`${cron} names no time`)
  const schedule = { vendorType, vendorId, type: 'Custom' as const, cron, parameters }
  await insertScheduleIfNone(db, { ...schedule, nextTime: next })
}
