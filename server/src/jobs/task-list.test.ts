import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { openMemoryDriver } from '../storage/drivers/memory/memory-driver.ts'
import { guardDriver } from '../storage/guarded-driver.ts'
import { deleteTaskLists, openTaskList, readTaskList } from './task-list.ts'

const open = async () => guardDriver(await openMemoryDriver())
const entries = (from: number, count: number) =>
  Array.from({ length: count }, (_, at) => ({ blob: `sha256:${'0'.repeat(64)}`, size: from + at }))

test('a list of many parts is read as it was written', async () => {
  const storage = await open()
  const list = openTaskList(storage, { id: 7, run: 1 })
  for (let from = 0; from < 50_000; from += 1000) await list.add(entries(from, 1000))
  await list.close()

  const lines = (await text(readTaskList(storage, { id: 7, run: 1 }))).split('\n')

  expect((await storage.list('portolan/task-lists/7', { limit: 100 })).length).toBeGreaterThan(3)
  expect(lines.pop()).toBe('')
  expect(lines.map((line) => JSON.parse(line).size)).toEqual(Array.from({ length: 50_000 }, (_, at) => at))
})

test('of a task that ran twice the last run alone is read, and all of it goes', async () => {
  const storage = await open()
  for (const [run, id] of [
    [1, 7],
    [2, 7],
    [10, 7],
    [2, 77],
  ] as const) {
    const list = openTaskList(storage, { id, run })
    await list.add([{ run, id }])
    await list.close()
  }

  expect(await text(readTaskList(storage, { id: 7, run: 2 }))).toBe('{"run":2,"id":7}\n')
  expect(await text(readTaskList(storage, { id: 7, run: 3 }))).toBe('')
  await deleteTaskLists(storage, [7])
  expect(await storage.list('portolan', { limit: 10 })).toEqual(['portolan/task-lists/77/00002-000001'])
})

test('a store that refuses a part fails the list', async () => {
  const storage = { ...(await open()), put: async () => Promise.reject(new Error('full')) }
  const list = openTaskList(storage, { id: 7, run: 1 })
  await list.add([{ blob: 'x' }])

  await expect(list.close()).rejects.toThrow('full')
})
