import { expect, test } from 'vitest'
import { createIssued } from './issued.ts'

const MINUTES = 30 * 60

test('tokens that were signed together are not all signed anew together, but none is older than a minute', async () => {
  let time = 0
  let draws = 0
  // Evenly from 0 to 1, a hundred of them.
  const issued = createIssued(
    () => MINUTES,
    () => time,
    () => (draws++ % 100) / 100,
  )
  let signatures = 0
  const askAll = async (seconds: number) => {
    time = seconds * 1000
    const before = signatures
    for (let at = 0; at < 100; at += 1) {
      await issued.get(`claims ${at}`, async () => {
        signatures += 1
        return { token: String(at), issuedAt: new Date(time) }
      })
    }
    return signatures - before
  }

  expect(await askAll(0)).toBe(100)
  expect(await askAll(44)).toBe(0)
  const rounds = [48, 51, 54, 57, 60]
  const anew: number[] = []
  for (const seconds of rounds) anew.push(await askAll(seconds))
  expect(Math.max(...anew)).toBeLessThan(30)
  expect(anew.reduce((sum, count) => sum + count)).toBe(100)
})

test('of a token that does not live for long, a thirtieth of its life counts', async () => {
  let time = 0
  const issued = createIssued(
    () => 60,
    () => time,
    () => 0,
  )
  const ask = () => issued.get('claims', async () => ({ token: `of ${time}`, issuedAt: new Date(time) }))

  const first = await ask()
  time = 1999
  expect(await ask()).toBe(first)
  time = 2000
  expect((await ask()).token).toBe('of 2000')
})

test('a token that was signed before the clock was set back is not handed out again', async () => {
  let time = 3_600_000
  const issued = createIssued(
    () => MINUTES,
    () => time,
  )
  const ask = () => issued.get('claims', async () => ({ token: `of ${time}`, issuedAt: new Date(time) }))

  await ask()
  time = 0

  expect((await ask()).token).toBe('of 0')
})
