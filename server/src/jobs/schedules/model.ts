/** How often; words of people beside what counts, the cron. */
export type ScheduleType = 'Hourly' | 'Daily' | 'Weekly' | 'Custom'

/** Something that is started again and again. */
export interface Schedule {
  id: number
  vendorType: string
  /** Whose of its type, a policy's id perhaps; 0 where there is one only. */
  vendorId: number
  type: ScheduleType
  /** Six fields, seconds first, in UTC. */
  cron: string
  /** What to do, for whoever does it. */
  parameters: Record<string, unknown>
  nextTime: Date
  creationTime: Date
  updateTime: Date
}

/** In place of a vendor's id: what the system does by itself as long as nobody sets another schedule. */
export const BY_ITSELF = -1

/** Harbor's words for how often, where no cron is given. */
export const CRONS: Readonly<Record<Exclude<ScheduleType, 'Custom'>, string>> = {
  Hourly: '0 0 * * * *',
  Daily: '0 0 0 * * *',
  Weekly: '0 0 0 * * 0',
}
