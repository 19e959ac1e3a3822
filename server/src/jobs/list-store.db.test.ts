import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../platform/db/testing.ts'
import {
  findExecution,
  findSoleTasks,
  findTask,
  hasOpenExecution,
  selectExecutions,
  selectTasks,
} from './list-store.ts'
import { setSchedule } from './schedules/service.ts'
import { deleteSchedule, findSchedule } from './schedules/store.ts'
import { startExecution, stopExecution } from './service.ts'
import { deleteExecutionsOf } from './store.ts'

const PAGE = { offset: 0, limit: 10 }
const ALL = { filters: [], orders: [], page: PAGE }

let database: TestDatabase
let first: number
let second: number

beforeAll(async () => {
  database = await createTestDatabase()
  first = await start(1, 2)
  second = await start(2, 1)
})
afterAll(() => database.drop())

function start(vendorId: number, count: number): Promise<number> {
  const tasks = Array.from({ length: count }, (_, n) => ({ kind: 'K', input: n, attributes: { n } }))
  return database.db
    .transaction()
    .execute((tx) => startExecution(tx, { vendorType: 'V', vendorId, trigger: 'EVENT', tasks }))
}

test('executions are listed by vendor, newest first, and filtered', async () => {
  const { db } = database
  const all = await selectExecutions(db, { type: 'V' }, ALL)
  const one = await selectExecutions(db, { type: 'V', id: 1 }, ALL)
  const none = await selectExecutions(
    db,
    { type: 'V' },
    { ...ALL, filters: [{ field: 'status', op: 'exact', value: 'Error' }] },
  )

  expect(all.total).toBe(2)
  expect(all.executions.map((execution) => execution.id)).toEqual([second, first])
  expect(one.executions).toMatchObject([{ id: first, status: 'Pending', trigger: 'EVENT', vendorId: 1 }])
  expect(none).toEqual({ executions: [], total: 0 })
})

test('an execution is found under its own vendor only, and a task under its own execution', async () => {
  const { db } = database
  const { tasks, total } = await selectTasks(db, first, {
    ...ALL,
    orders: [{ field: 'id', descending: true }],
  })
  const id = tasks[0]?.id ?? 0

  expect(total).toBe(2)
  expect(tasks.map((task) => task.attributes)).toEqual([{ n: 1 }, { n: 0 }])
  expect(await findExecution(db, { type: 'V', id: 1 }, first)).toBeDefined()
  expect(await findExecution(db, { type: 'V', id: 2 }, first)).toBeUndefined()
  expect(await findExecution(db, { type: 'OTHER' }, first)).toBeUndefined()
  expect((await findTask(db, first, id))?.id).toBe(id)
  expect(await findTask(db, second, id)).toBeUndefined()
})

test('the sole task of an execution is told, and whether something of a vendor is open', async () => {
  const { db } = database
  const third = await start(3, 1)
  await stopExecution({ db }, third)

  expect((await findSoleTasks(db, [second])).get(second)).toMatchObject({ executionId: second, kind: 'K' })
  expect(await hasOpenExecution(db, { type: 'V', id: 3 })).toBe(false)
  expect(await hasOpenExecution(db, { type: 'V', id: 1 })).toBe(true)
})

test('what a vendor had goes with it, and nothing else', async () => {
  const { db } = database
  const mine = await start(9, 2)
  const ids = (await selectTasks(db, mine, ALL)).tasks.map((task) => task.id)

  const gone = await db.transaction().execute((tx) => deleteExecutionsOf(tx, 'V', 9))

  expect(gone.sort()).toEqual(ids)
  expect(await findExecution(db, { type: 'V' }, mine)).toBeUndefined()
  expect(await findExecution(db, { type: 'V' }, first)).toBeDefined()
})

test('a schedule is set, changed and removed', async () => {
  const { db } = database
  const request = { vendorType: 'V', vendorId: 4, parameters: { a: 1 }, what: 'a test' }
  const id = await setSchedule(db, { ...request, type: 'Daily' })
  const again = await setSchedule(db, { ...request, type: 'Custom', cron: '0 30 1 * * *', parameters: {} })
  const found = await findSchedule(db, 'V', 4)
  await expect(setSchedule(db, { ...request, type: 'Custom', cron: 'x' })).rejects.toMatchObject({
    kind: 'bad-request',
  })
  const never = setSchedule(db, { ...request, type: 'Custom', cron: '0 0 0 31 2 *' })
  await expect(never).rejects.toMatchObject({ kind: 'bad-request' })

  expect(again).toBe(id)
  expect(found).toMatchObject({ id, type: 'Custom', cron: '0 30 1 * * *', parameters: {} })
  expect(await deleteSchedule(db, 'V', 4)).toBe(true)
  expect(await deleteSchedule(db, 'V', 4)).toBe(false)
  expect(await findSchedule(db, 'V', 4)).toBeUndefined()
})
