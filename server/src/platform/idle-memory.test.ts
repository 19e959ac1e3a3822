import { expect, test } from 'vitest'
import { createIdleMemory, processHeap } from './idle-memory.ts'

const MiB = 1024 * 1024

function heap() {
  const state = { time: 0, busy: 0, young: 40 * MiB, collections: 0 }
  const memory = createIdleMemory({
    now: () => state.time,
    utilization: () => state.busy,
    youngBytes: () => state.young,
    collect: () => {
      state.collections += 1
    },
  })
  return { state, ...memory }
}

test('collects when the process idles and holds on to much', () => {
  const { state, settle } = heap()
  settle()
  expect(state.collections).toBe(1)
})

test('leaves a busy process and a small heap alone', () => {
  const { state, settle } = heap()
  state.busy = 0.3
  settle()
  state.busy = 0
  state.young = 2 * MiB
  settle()
  expect(state.collections).toBe(0)
})

test('pauses at most once in ten minutes', () => {
  const { state, settle } = heap()
  settle()
  state.time = 9 * 60_000
  settle()
  expect(state.collections).toBe(1)
  state.time = 11 * 60_000
  settle()
  expect(state.collections).toBe(2)
})

test('the real collector shrinks a young generation that has grown', () => {
  const heap = processHeap()
  const kept: number[][] = []
  while (heap.youngBytes() < 8 * MiB && kept.length < 2_000_000) kept.push([kept.length])
  const grown = heap.youngBytes()

  heap.collect()

  expect(grown).toBeGreaterThan(4 * MiB)
  expect(heap.youngBytes()).toBeLessThan(grown / 2)
  expect(heap.utilization()).toBeGreaterThan(0)
})
