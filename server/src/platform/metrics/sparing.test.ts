import { expect, test } from 'vitest'
import { sparing } from './sparing.ts'

function bench(takes: number) {
  const bench = { time: 0, reads: 0 }
  const read = sparing(
    30_000,
    async () => {
      bench.reads += 1
      bench.time += takes
    },
    () => bench.time,
  )
  return { bench, read }
}

test('what was read is not read again before its time', async () => {
  const { bench: state, read } = bench(10)

  await read()
  state.time = 29_999
  await read()
  const early = state.reads
  state.time = 30_010
  await read()

  expect([early, state.reads]).toEqual([1, 2])
})

test('the slower it is, the less often it is read', async () => {
  const { bench: state, read } = bench(2000)

  await read()
  state.time = 2000 + 99_999
  await read()
  const early = state.reads
  state.time = 2000 + 100_000
  await read()

  expect([early, state.reads]).toEqual([1, 2])
})

test('calls that come together are one, and a failure is told to all of them', async () => {
  let reads = 0
  const read = sparing(1000, async () => {
    reads += 1
    throw new Error('no')
  })

  const results = await Promise.allSettled([read(), read(), read()])

  expect(reads).toBe(1)
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
})
