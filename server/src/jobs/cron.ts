import { Cron } from 'croner'
import { DomainError } from '../platform/errors.ts'

/**
 * The next time after `after` that Harbor's six fields name (seconds first), in UTC; undefined for never. Throws
 * bad-request for what are no six fields, with `what` in the message.
 */
export function nextTime(cron: string, after: Date, what: string): Date | undefined {
  const fields = cron.trim() === '' ? [] : cron.trim().split(/\s+/)
  if (fields.length !== 6) {
    throw invalid(cron, what, `expected exactly 6 fields, found ${fields.length}: [${fields.join(' ')}]`)
  }
  try {
    const pattern = new Cron(fields.join(' '), { timezone: 'UTC', paused: true, mode: '6-part' })
    return pattern.nextRun(after) ?? undefined
  } catch (error) {
    throw invalid(cron, what, (error as Error).message)
  }
}

function invalid(cron: string, what: string, problem: string): DomainError {
  return new DomainError('bad-request', `invalid cron string for ${what}: ${cron}, error: ${problem}`)
}
