import { expect, test } from 'vitest'
import { createProbe } from './probe.ts'

test('what works is well', async () => {
  expect(await createProbe('it', async () => 'fine', 1000)()).toBeUndefined()
})

test('what fails is told without its reason', async () => {
  const probe = createProbe('it', () => Promise.reject(new Error('host 10.0.0.1')), 1000)

  expect(await probe()).toBe('it does not work')
})

test('what hangs is told in time, and asked again only when it has come back', async () => {
  let asked = 0
  const { promise, resolve } = Promise.withResolvers<void>()
  const probe = createProbe(
    'it',
    () => {
      asked += 1
      return promise
    },
    5,
  )

  expect(await Promise.all([probe(), probe()])).toEqual(['it does not answer', 'it does not answer'])
  expect(asked).toBe(1)
  resolve()
  expect(await probe()).toBeUndefined()
  await probe()
  expect(asked).toBe(2)
})
