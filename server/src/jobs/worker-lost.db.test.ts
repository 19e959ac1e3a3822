import { sql } from 'kysely'
import pino from 'pino'
import { expect, test } from 'vitest'
import { type TaskContext, TaskLostError } from './kind.ts'
import { startExecution, stopExecution } from './service.ts'
import { readTaskLog } from './task-log.ts'
import { endless, until, useWorkers, work } from './testing.ts'
import { createWorker } from './worker.ts'

/** Workers that die, or are taken for dead. */

const log = pino({ level: 'silent' })
const jobs = useWorkers()
const { startWorker, order, look, over } = jobs

test('the tasks of a dead worker go on elsewhere where they stood, and the dead one writes nothing more', async () => {
  const id = await order(1)
  const contexts: TaskContext[] = []
  const run = async (context: TaskContext) => {
    contexts.push(context)
    if (context.task.run > 1) return
    await context.save({ at: 3 })
    await endless(context)
  }
  startWorker(work(run))
  await until(async () => contexts.length === 1)
  // As if its process had stood still for a minute.
  await jobs.db
    .updateTable('tasks')
    .set({ heartbeat_time: new Date(0), worker_id: crypto.randomUUID() })
    .execute()
  startWorker(work(run))

  const { tasks } = await over(id)

  expect(tasks[0]).toMatchObject({ status: 'Success', runCount: 2 })
  expect(contexts[1]?.task.state).toEqual({ at: 3 })
  await expect(contexts[0]?.save({ at: 4 })).rejects.toBeInstanceOf(TaskLostError)
  await expect(contexts[0]?.report({})).rejects.toBeInstanceOf(TaskLostError)
  expect(await readTaskLog(jobs.storage, tasks[0]?.id ?? 0)).toContain('run 2: goes on')
})

test('what a worker has in hand it does not take from itself, however late its heartbeats are', async () => {
  await sql`CREATE FUNCTION be_late() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN NEW.heartbeat_time := 'epoch'; RETURN NEW; END $$`.execute(jobs.db)
  await sql`CREATE TRIGGER be_late BEFORE UPDATE ON tasks FOR EACH ROW WHEN (NEW.status = 'Running')
    EXECUTE FUNCTION be_late()`.execute(jobs.db)
  const id = await order(1)
  let rounds = 0
  try {
    startWorker(
      work(async () => {
        // Meanwhile it looks for the dead.
        for (; rounds < 3; rounds += 1) await new Promise((resolve) => setTimeout(resolve, 1000))
      }),
      {},
      3,
    )

    expect((await over(id)).tasks[0]).toMatchObject({ status: 'Success', runCount: 1 })
  } finally {
    await sql`DROP FUNCTION be_late CASCADE`.execute(jobs.db)
  }
})

test('a task that is busy in a transaction keeps no other from being known to live', async () => {
  const id = await order(1, 2)
  startWorker(work(endless))
  const heartbeats = () =>
    jobs.db.selectFrom('tasks').select(['id', 'heartbeat_time as time']).orderBy('id').execute()
  const [busy, other] = await until(async () => {
    const rows = await heartbeats()
    return rows.every(({ time }) => time !== null) && rows
  })

  await jobs.db.transaction().execute(async (tx) => {
    await tx
      .selectFrom('tasks')
      .select('id')
      .where('id', '=', busy?.id ?? 0)
      .forUpdate()
      .execute()
    await until(async () => ((await heartbeats())[1]?.time ?? 0) > (other?.time ?? 0))
  })
  await stopExecution(jobs, id)

  expect((await over(id)).tasks).toMatchObject([
    { status: 'Stopped', runCount: 1 },
    { status: 'Stopped', runCount: 1 },
  ])
})

test('whoever looks for the dead does not wait for who is busy in a transaction', async () => {
  const first = await order(1)
  await jobs.db
    .updateTable('tasks')
    .set({ status: 'Running', run_count: 1, worker_id: crypto.randomUUID(), heartbeat_time: new Date(0) })
    .execute()

  await jobs.db.transaction().execute(async (tx) => {
    await tx.selectFrom('tasks').select('id').forUpdate().execute()
    startWorker(
      work(async () => undefined),
      {},
      3,
    )
    const second = await order(2)
    expect((await over(second)).tasks[0]).toMatchObject({ status: 'Success', runCount: 1 })
    expect((await look(first)).tasks[0]).toMatchObject({ status: 'Running', runCount: 1 })
  })

  expect((await over(first)).tasks[0]).toMatchObject({ status: 'Success', runCount: 2 })
})

test('a task whose end its worker could not write is done once more, however busy the worker is', async () => {
  await order(1)
  startWorker(
    work(async (context) => {
      if (context.task.input === 1) await endless(context)
    }),
    {},
    3,
  )
  const { workerId } = await until(async () => {
    const row = await jobs.db.selectFrom('tasks').select('worker_id as workerId').executeTakeFirst()
    return row?.workerId ? row : undefined
  })

  // As if it had run, and the database had been away when it was over.
  const second = await jobs.db.transaction().execute(async (tx) => {
    const tasks = [{ kind: 'WORK', input: 2 }]
    const id = await startExecution(tx, { vendorType: 'TEST', vendorId: 7, trigger: 'MANUAL', tasks })
    await tx
      .updateTable('tasks')
      .set({ status: 'Running', run_count: 1, worker_id: workerId, heartbeat_time: new Date(0) })
      .where('execution_id', '=', id)
      .execute()
    return id
  })

  expect((await over(second)).tasks[0]).toMatchObject({ status: 'Success', runCount: 2 })
})

test('a task that comes back to a worker that was taken for dead is in its hands, also once its run of before is over', async () => {
  const id = await order(1)
  const runs: number[] = []
  const release = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<void>()
  startWorker(
    work(async (context) => {
      runs.push(context.task.run)
      if (context.task.run > 1) return await endless(context)
      await release.promise
      // What it waits for until it is out of the hands of the worker.
      setTimeout(ended.resolve, 100)
    }),
  )
  await until(async () => runs.length === 1)

  await jobs.db
    .updateTable('tasks')
    .set({ status: 'Pending', worker_id: null, heartbeat_time: null })
    .execute()
  await until(async () => runs.length === 2)
  release.resolve()
  await ended.promise
  await stopExecution(jobs, id)

  expect((await over(id)).tasks[0]).toMatchObject({ status: 'Stopped', runCount: 2 })
})

test('what the log of a dead worker lacks of what was committed is in it, once', async () => {
  const id = await order(1)
  const run = async ({ task, log: write, save, signal }: TaskContext) => {
    const [{ count } = { count: 0 }] = [(task.state ?? { count: 0 }) as { count: number }]
    if (task.run > 1) return write(`went on at ${count}`)
    write('begun')
    await save({ count: 1 }, undefined, ['the first is done'])
    write('the first is done')
    // Its process dies between the commit and the line, and before anything gets to the store.
    await save({ count: 2 }, undefined, ['the second is done'])
    await endless({ signal } as TaskContext)
  }
  const mute = { ...jobs.storage, put: () => new Promise<void>(() => undefined) }
  const { db } = jobs
  const first = createWorker({
    db,
    storage: mute,
    log,
    kinds: [work(run)],
    schedules: {},
    concurrency: 1,
    deadSeconds: 15,
  })
  first.start()
  await until(async () => (await look(id)).tasks[0]?.status === 'Running')
  await until(async () => {
    const row = await db.selectFrom('tasks').select('state').executeTakeFirst()
    return (row?.state as { count: number } | null)?.count === 2
  })
  await db
    .updateTable('tasks')
    .set({ heartbeat_time: new Date(0), worker_id: crypto.randomUUID() })
    .execute()
  startWorker(work(run))

  const { tasks } = await over(id)

  const text = (await readTaskLog(jobs.storage, tasks[0]?.id ?? 0)) ?? ''
  expect(text.split('\n').map((line) => line.slice(25))).toEqual([
    'begun',
    'the first is done',
    'the second is done',
    'run 2: goes on',
    'went on at 2',
    '',
  ])
  const row = await db.selectFrom('tasks').select('log_tail').executeTakeFirst()
  expect(row?.log_tail).toBeNull()
})
