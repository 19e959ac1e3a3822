import { expect, test } from 'vitest'
import { selectExecutions } from './list-store.ts'
import { actOnQueue } from './queues/service.ts'
import { setSchedule } from './schedules/service.ts'
import { startExecution, stopAll, stopExecution } from './service.ts'
import { EXECUTION_SWEEP, startSweep } from './sweep.ts'
import { onScheduleOf } from './system-job/service.ts'
import { readTaskLog } from './task-log.ts'
import { ALL, endless, until, useWorkers, work } from './testing.ts'

const jobs = useWorkers()
const { startWorker, order, look, over } = jobs

test('tasks run, and the execution, its log and its event tell what came of them', async () => {
  const id = await order({ n: 1 }, { n: 2 })
  const done: unknown[] = []
  startWorker(
    work(async ({ task, log: write, report }) => {
      write(`doing ${JSON.stringify(task.input)}`)
      await report({ seen: true })
      done.push(task.input)
    }),
  )

  const { execution, tasks } = await over(id)

  // They run at the same time.
  expect(done).toHaveLength(2)
  expect(done).toEqual(expect.arrayContaining([{ n: 1 }, { n: 2 }]))
  expect(execution).toMatchObject({ status: 'Success', trigger: 'MANUAL', vendorId: 7 })
  expect(tasks.map((task) => [task.status, task.runCount, task.attributes])).toEqual([
    ['Success', 1, { seen: true }],
    ['Success', 1, { seen: true }],
  ])
  expect(await readTaskLog(jobs.storage, tasks[0]?.id ?? 0)).toMatch(/^\S+Z doing \{"n":1\}\n$/)
  const events = await jobs.db.selectFrom('events').select(['type', 'payload']).execute()
  expect(events).toEqual([
    {
      type: 'execution.ended',
      payload: { executionId: id, vendorType: 'TEST', vendorId: 7, status: 'Success' },
    },
  ])
})

test('an order that is rolled back is never done', async () => {
  await jobs.db
    .transaction()
    .execute(async (tx) => {
      await startExecution(tx, { vendorType: 'TEST', trigger: 'MANUAL', tasks: [{ kind: 'WORK', input: 0 }] })
      throw new Error('changed my mind')
    })
    .catch(() => undefined)

  expect(await jobs.db.selectFrom('tasks').select('id').execute()).toEqual([])
})

test('what fails is tried again as often as its kind says, and then is an error', async () => {
  const id = await order(1)
  startWorker(
    work(
      async () => {
        throw new Error('a secret detail')
      },
      { attempts: 2 },
    ),
  )

  const waiting = await until(async () => {
    const { tasks } = await look(id)
    return tasks[0]?.status === 'Scheduled' && tasks[0]
  })
  await jobs.db
    .updateTable('tasks')
    .set({ due_time: new Date(0) })
    .execute()
  const { execution, tasks } = await over(id)

  expect(waiting.runCount).toBe(1)
  expect(execution.status).toBe('Error')
  expect(execution.statusMessage).toBe(tasks[0]?.statusMessage)
  expect(tasks[0]).toMatchObject({ status: 'Error', runCount: 2 })
  expect(tasks[0]?.statusMessage).not.toContain('secret')
})

test('a stop reaches what runs, and what waits will not run', async () => {
  const id = await order(1, 2)
  startWorker(work(endless, { limit: 1 }))
  await until(async () => (await look(id)).tasks[0]?.status === 'Running')

  await stopExecution(jobs, id)
  // It would go on for ever.
  const { execution, tasks } = await over(id)

  expect(execution.status).toBe('Stopped')
  expect(tasks.map((task) => task.status)).toEqual(['Stopped', 'Stopped'])
  expect(tasks[1]?.runCount).toBe(0)
})

test('the limit of a kind holds however many workers there are', async () => {
  const id = await order(...Array.from({ length: 12 }, (_, at) => at))
  let now = 0
  let most = 0
  const kind = work(
    async () => {
      now += 1
      most = Math.max(most, now)
      await new Promise((resolve) => setTimeout(resolve, 20))
      now -= 1
    },
    { limit: 2 },
  )
  for (let at = 0; at < 3; at += 1) startWorker(kind)

  await over(id)

  expect(most).toBe(2)
})

test('what is to stop and fails at that moment does not wait for its next attempt', async () => {
  const id = await order(1)
  startWorker(
    work(
      async (context) => {
        if (context.task.run > 1) return await endless(context)
        await stopExecution(jobs, id)
        throw new Error('fails')
      },
      { attempts: 2 },
    ),
  )

  expect((await over(id)).tasks[0]).toMatchObject({ status: 'Stopped', runCount: 2 })
})

test('a worker that shuts down gives back what it has, and it does not count as a failure', async () => {
  const id = await order(1)
  const first = startWorker(work(endless))
  await until(async () => (await look(id)).tasks[0]?.status === 'Running')

  await first.stop()
  const between = await look(id)
  startWorker(work(async () => undefined))
  const { tasks } = await over(id)

  expect(between.tasks[0]?.status).toBe('Pending')
  expect(between.execution.endTime).toBeUndefined()
  expect(tasks[0]).toMatchObject({ status: 'Success', runCount: 2 })
})

test('nothing is taken from a paused queue; stopping a queue ends what waits in it', async () => {
  const [first, second] = [await order(1), await order(2)]
  await actOnQueue(jobs, 'all', 'pause')
  startWorker(work(async () => undefined))
  await new Promise((resolve) => setTimeout(resolve, 1200))
  const paused = await look(first)
  await stopExecution(jobs, second)
  await actOnQueue(jobs, 'all', 'resume')
  await over(first)
  const third = await order(3)
  await stopAll(jobs)

  expect(paused.execution.status).toBe('Pending')
  expect((await look(second)).execution.status).toBe('Stopped')
  expect(['Stopped', 'Success']).toContain((await over(third)).execution.status)
})

test('stopping a queue ends what waits in it, and what runs goes on', async () => {
  const id = await order(1, 2)
  const go = Promise.withResolvers<void>()
  startWorker(work(() => go.promise, { limit: 1 }))
  await until(async () => (await look(id)).tasks[0]?.status === 'Running')

  await actOnQueue(jobs, 'WORK', 'stop')
  const between = await look(id)
  go.resolve()
  const { execution, tasks } = await over(id)

  expect(between.tasks.map((task) => task.status)).toEqual(['Running', 'Stopped'])
  expect(tasks.map((task) => task.status)).toEqual(['Success', 'Stopped'])
  expect(execution.status).toBe('Stopped')
})

test('what is scheduled is left out as long as it runs still', async () => {
  const job = {
    name: 'TEST',
    what: 'a test',
    readParameters: (given: object) => ({ ...given }),
    toInput: () => null,
  }
  const start = () =>
    jobs.db.transaction().execute((tx) => onScheduleOf(job)(tx, { parameters: {} } as never))

  await start()
  await start()

  const { executions } = await selectExecutions(jobs.db, { type: 'TEST' }, ALL)
  expect(executions).toHaveLength(1)
})

test('a schedule starts once however many workers there are, and once for all the times they were away', async () => {
  await setSchedule(jobs.db, {
    vendorType: 'TEST',
    vendorId: 7,
    type: 'Hourly',
    parameters: { deep: true },
    what: 'a test',
  })
  await jobs.db
    .updateTable('schedules')
    .set({ next_time: new Date(0) })
    .execute()
  const heard: unknown[] = []
  const onSchedule = async (_tx: unknown, schedule: { parameters: unknown }) => {
    heard.push(schedule.parameters)
  }
  for (let at = 0; at < 3; at += 1) startWorker(work(endless), { TEST: onSchedule })

  await until(async () => heard.length > 0)
  await new Promise((resolve) => setTimeout(resolve, 1200))

  expect(heard).toEqual([{ deep: true }])
  const { next_time: next } = await jobs.db
    .selectFrom('schedules')
    .select('next_time')
    .executeTakeFirstOrThrow()
  expect(next.getTime()).toBeGreaterThan(Date.now())
  expect(next.getUTCMinutes()).toBe(0)
})

test('a schedule that cannot be started is tried again later and keeps no other from it', async () => {
  for (const vendorId of [1, 2]) {
    const what = 'a test'
    await setSchedule(jobs.db, { vendorType: 'TEST', vendorId, type: 'Daily', parameters: {}, what })
  }
  await jobs.db
    .updateTable('schedules')
    .set({ next_time: new Date(0) })
    .execute()
  const heard: number[] = []
  startWorker(work(endless), {
    TEST: async (_tx: unknown, { vendorId }: { vendorId: number }) => {
      if (vendorId === 1) throw new Error('not today')
      heard.push(vendorId)
    },
  })

  await until(async () => heard.length === 1)
  const rows = await until(async () => {
    const all = await jobs.db.selectFrom('schedules').select('next_time').orderBy('vendor_id').execute()
    return all.every((row) => row.next_time.getTime() > Date.now()) && all
  })

  expect((rows[0]?.next_time.getTime() ?? 0) - Date.now()).toBeLessThan(61_000)
})

test('of what is over the newest stay, with their logs', async () => {
  startWorker(work(async ({ log: write }) => write('done')))
  const ids: number[] = []
  for (let at = 0; at < 4; at += 1) {
    ids.push(await order(at))
    await over(ids[at] ?? 0)
  }
  const first = (await look(ids[0] ?? 0)).tasks[0]?.id ?? 0

  const { db } = jobs
  await db.transaction().execute((tx) => startSweep(tx, {} as never))
  await until(async () => {
    const own = await db
      .selectFrom('executions')
      .select('status')
      .where('vendor_type', '=', EXECUTION_SWEEP)
      .execute()
    return own[0]?.status === 'Success'
  })

  const left = await db
    .selectFrom('executions')
    .select('id')
    .where('vendor_type', '=', 'TEST')
    .orderBy('id')
    .execute()
  expect(left.map((row) => row.id)).toEqual(ids.slice(2))
  expect(await readTaskLog(jobs.storage, first)).toBeUndefined()
  expect(await readTaskLog(jobs.storage, (await look(ids[3] ?? 0)).tasks[0]?.id ?? 0)).toContain('done')
})

test('a log that grows without end keeps its end', async () => {
  const id = await order(1)
  const line = 'x'.repeat(100_000)
  startWorker(
    work(async ({ log: write }) => {
      for (let at = 0; at < 150; at += 1) write(`${at} ${line}`)
    }),
  )

  const { tasks } = await over(id)
  const text = (await readTaskLog(jobs.storage, tasks[0]?.id ?? 0)) ?? ''

  expect(text.length).toBeLessThan(14_000_000)
  expect(text).toContain(' 149 x')
  expect(text).not.toContain(' 0 x')
})
