import { expect, test } from 'vitest'
import { durationSeconds } from './duration.ts'

test.each([
  ['90s', 90],
  ['30m', 1800],
  ['24h', 86_400],
  ['7d', 604_800],
  ['1h30m', 5400],
  ['0s', 0],
])('%s is %i seconds', (text, seconds) => {
  expect(durationSeconds(text)).toBe(seconds)
})

test.each(['', '24', 'h', '24 h', '-1h', '1.5h', '1w', '1h ', '24H'])('%j is none', (text) => {
  expect(durationSeconds(text)).toBeUndefined()
})
