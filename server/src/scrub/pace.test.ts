import { expect, test } from 'vitest'
import { createPace } from './pace.ts'

async function took(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now()
  await work()
  return performance.now() - begin
}

test('bytes are spent no faster than the rate', async () => {
  const pace = createPace(1_000_000)

  const milliseconds = await took(async () => {
    for (let at = 0; at < 30; at += 1) await pace.spend(10_000)
  })

  expect(milliseconds).toBeGreaterThan(285)
})

test('without a rate nobody waits', async () => {
  const pace = createPace(undefined)

  // At any rate there is it would be hours.
  await pace.spend(1e15)
})

test('what was not spent is not saved up', async () => {
  let now = 0
  const pace = createPace(1_000, () => now)
  now = 1_000_000

  expect(await took(() => pace.spend(100))).toBeGreaterThan(90)
})

test('who waits is woken by the signal, with its reason', async () => {
  const controller = new AbortController()
  const waiting = createPace(1).spend(1_000, controller.signal)

  controller.abort('stop')

  await expect(waiting).rejects.toBe('stop')
})
