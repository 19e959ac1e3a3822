import { expect, test } from 'vitest'
import { nextTime } from './cron.ts'

const NOON = new Date('2026-11-25T12:00:00Z')

test.each([
  ['0 0 0 * * *', '2026-11-26T00:00:00.000Z'],
  ['0 0 * * * *', '2026-11-25T13:00:00.000Z'],
  ['30 */5 * * * *', '2026-11-25T12:00:30.000Z'],
  ['0 0 0 * * 0', '2026-11-29T00:00:00.000Z'],
  ['0 0 0 ? * MON-FRI', '2026-11-26T00:00:00.000Z'],
  // As in every cron: the day of the month or the day of the week.
  ['0 0 0 1 * MON', '2026-11-30T00:00:00.000Z'],
])('%s comes next at %s', (cron, expected) => {
  expect(nextTime(cron, NOON, 'a test')?.toISOString()).toBe(expected)
})

test('what never comes has no next time', () => {
  expect(nextTime('0 0 0 31 2 *', NOON, 'a test')).toBeUndefined()
})

test.each(['', 'x', '* * * * *', '0 0 0 * * * *', '@daily', '0 61 0 * * *', '2026-12-01T00:00:00'])(
  '%j is refused',
  (cron) => {
    expect(() => nextTime(cron, NOON, 'a test')).toThrow('invalid cron string for a test')
  },
)
