import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ALIVE_MILLISECONDS, type Silence, watchSilence } from './silence.ts'

const [talker, mute, other] = [{ pid: 1 }, { pid: 2 }, { pid: 3 }] as const
let silent: number[]
let silence: Silence<{ pid: number }>

beforeEach(() => {
  vi.useFakeTimers()
  silent = []
  silence = watchSilence<{ pid: number }>(({ pid }) => silent.push(pid))
})
afterEach(() => {
  silence.stop()
  vi.useRealTimers()
})

async function pass(seconds: number, talking: readonly { pid: number }[]): Promise<void> {
  for (let at = 0; at < seconds * 1000; at += ALIVE_MILLISECONDS) {
    for (const child of talking) silence.heard(child)
    await vi.advanceTimersByTimeAsync(ALIVE_MILLISECONDS)
  }
}

test('who says nothing for a minute is told of, once; who talks, has gone or was never heard is not', async () => {
  for (const child of [talker, mute, other]) silence.heard(child)
  silence.gone(other)

  await pass(50, [talker])
  const early = [...silent]
  await pass(200, [talker])

  expect(early).toEqual([])
  expect(silent).toEqual([mute.pid])
})

test('after the machine has slept nobody is silent yet', async () => {
  for (const child of [talker, mute]) silence.heard(child)
  await pass(30, [talker, mute])

  const clock = vi.spyOn(performance, 'now')
  const slept = performance.now() + 3_600_000
  clock.mockReturnValueOnce(slept)
  await vi.advanceTimersByTimeAsync(ALIVE_MILLISECONDS)
  clock.mockRestore()

  expect(silent).toEqual([])
})
