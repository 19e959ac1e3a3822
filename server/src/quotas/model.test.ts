import { expect, test } from 'vitest'
import { formatBytes, QuotaExceededError } from './model.ts'

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [4975, '4.9 KiB'],
  [20_000, '19.5 KiB'],
  [2 ** 50, '1024.0 TiB'],
])('%d bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text)
})

test('who is over already is told so in Harbor’s words', () => {
  expect(new QuotaExceededError(0, 4975, 10).message).toBe(
    'subtracting 0 B of storage resource, which when updated to current usage of 4.9 KiB will exceed the configured upper limit of 10 B.',
  )
})
