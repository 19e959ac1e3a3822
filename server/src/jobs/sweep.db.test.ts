import { expect, test } from 'vitest'
import { taskLogKey } from '../storage/paths.ts'
import type { TaskContext } from './kind.ts'
import { executionSweep } from './sweep.ts'
import { useWorkers } from './testing.ts'

const jobs = useWorkers()

test('a sweep of many tasks ends when it is told to, and whoever goes on takes away the rest', async () => {
  await jobs.order(1, 2, 3)
  const tasks = await jobs.db.selectFrom('tasks').select('id').orderBy('id').execute()
  for (const { id } of tasks) await jobs.storage.put(taskLogKey(id, 1, 1), Buffer.from('said'))
  await jobs.db.updateTable('executions').set({ end_time: new Date() }).execute()
  const controller = new AbortController()
  const storage = {
    ...jobs.storage,
    async delete(key: string) {
      await jobs.storage.delete(key)
      controller.abort('shutdown')
    },
  }
  let state: unknown
  const contextOf = (signal: AbortSignal) =>
    ({
      task: { state },
      signal,
      log: () => undefined,
      save: async (given: unknown) => {
        state = given
      },
    }) as unknown as TaskContext
  const left = () => jobs.storage.list('portolan', { limit: 10 })

  const sweep = executionSweep({ db: jobs.db, storage, keep: 0 })
  await expect(sweep.run(contextOf(controller.signal))).rejects.toBe('shutdown')
  const between = await left()
  await sweep.run(contextOf(new AbortController().signal))

  expect(between).toHaveLength(2)
  expect(await left()).toEqual([])
})
