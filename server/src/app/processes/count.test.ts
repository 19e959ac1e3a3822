import { expect, test } from 'vitest'
import { countProcesses, shareOfConnections } from './count.ts'

type Wanted = Parameters<typeof countProcesses>[0]

const config = (wanted: Partial<Wanted>, maxConnections = 20) =>
  ({ processes: 'auto', roles: 'all', database: { maxConnections }, ...wanted }) as Wanted

test.each([
  [1, 1],
  [2, 1],
  [3, 1],
  [4, 2],
  [6, 3],
  [8, 4],
  [64, 4],
])('on %i processors %i answer', (processors, processes) => {
  expect(countProcesses(config({}), processors)).toBe(processes)
})

test('there are as many as are wanted, whatever the machine', () => {
  expect(countProcesses(config({ processes: 3 }), 1)).toBe(3)
})

test('a worker is one', () => {
  expect(countProcesses(config({ roles: 'worker', processes: 8 }), 64)).toBe(1)
})

test('each has five connections, or there are fewer of them', () => {
  expect(countProcesses(config({}, 11), 64)).toBe(2)
  expect(countProcesses(config({}, 2), 64)).toBe(1)
})

test('together they open no more connections than there may be', () => {
  expect(shareOfConnections(20, 3)).toBe(6)
})
