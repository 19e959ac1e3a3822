import { type Expression, sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import { condition, type Filter, type Order, type Page } from '../platform/db/list.ts'
import type { Execution, Status, Task } from './model.ts'

/** Fields that lists of executions are filtered and sorted by. */
export type ExecutionField =
  | 'id'
  | 'vendor_type'
  | 'vendor_id'
  | 'status'
  | 'trigger'
  | 'start_time'
  | 'update_time'
  | 'end_time'

/** Fields that lists of tasks are filtered and sorted by. */
export type TaskField =
  | 'id'
  | 'job_id'
  | 'status'
  | 'run_count'
  | 'creation_time'
  | 'start_time'
  | 'update_time'
  | 'end_time'

/** Whose executions: of one type, or of one vendor of it. */
export interface Vendor {
  type: string
  id?: number
}

const ref = (name: string): Expression<unknown> => sql.ref(name)

/** One page of the executions of a vendor, the newest first unless `orders` say otherwise, and how many there are. */
export async function selectExecutions(
  db: Database,
  vendor: Vendor,
  list: { filters: readonly Filter<ExecutionField>[]; orders: readonly Order<ExecutionField>[]; page: Page },
): Promise<{ executions: Execution[]; total: number }> {
  let query = db.selectFrom('executions').where('vendor_type', '=', vendor.type)
  if (vendor.id !== undefined) query = query.where('vendor_id', '=', vendor.id)
  for (const filter of list.filters) query = query.where(condition(ref(filter.field), filter))
  const { total } = await query.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow()
  let page = query.selectAll()
  for (const { field, descending } of list.orders)
    page = page.orderBy(ref(field), descending ? 'desc' : 'asc')
  const rows = await page
    .orderBy('start_time', 'desc')
    .orderBy('id', 'desc')
    .limit(list.page.limit)
    .offset(list.page.offset)
    .execute()

  return { executions: rows.map(toExecution), total: Number(total) }
}

/** An execution of the vendor. */
export async function findExecution(
  db: Database,
  vendor: Vendor,
  id: number,
): Promise<Execution | undefined> {
  let query = db.selectFrom('executions').selectAll().where('id', '=', id)
  query = query.where('vendor_type', '=', vendor.type)
  if (vendor.id !== undefined) query = query.where('vendor_id', '=', vendor.id)
  const row = await query.executeTakeFirst()

  return row && toExecution(row)
}

/** Whether something of the vendor waits or runs. */
export async function hasOpenExecution(db: Database, vendor: Vendor): Promise<boolean> {
  let query = db.selectFrom('executions').select('id').where('vendor_type', '=', vendor.type)
  query = query.where('end_time', 'is', null)
  if (vendor.id !== undefined) query = query.where('vendor_id', '=', vendor.id)

  return (await query.limit(1).executeTakeFirst()) !== undefined
}

/** One page of the tasks of an execution, in the order in which they were asked for, and how many there are. */
export async function selectTasks(
  db: Database,
  executionId: number,
  list: { filters: readonly Filter<TaskField>[]; orders: readonly Order<TaskField>[]; page: Page },
): Promise<{ tasks: Task[]; total: number }> {
  let query = db.selectFrom('tasks').where('execution_id', '=', executionId)
  for (const filter of list.filters) query = query.where(condition(ref(filter.field), filter))
  const { total } = await query.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow()
  let page = query.select(TASK_COLUMNS)
  for (const { field, descending } of list.orders)
    page = page.orderBy(ref(field), descending ? 'desc' : 'asc')
  const rows = await page.orderBy('id').limit(list.page.limit).offset(list.page.offset).execute()

  return { tasks: rows.map(toTask), total: Number(total) }
}

/** A task, if it belongs to the execution. */
export async function findTask(db: Database, executionId: number, id: number): Promise<Task | undefined> {
  const row = await db
    .selectFrom('tasks')
    .select(TASK_COLUMNS)
    .where('id', '=', id)
    .where('execution_id', '=', executionId)
    .executeTakeFirst()

  return row && toTask(row)
}

/** A task by the name that the job service gave it. */
export async function findTaskByJob(db: Database, jobId: string): Promise<Task | undefined> {
  const row = await db.selectFrom('tasks').select(TASK_COLUMNS).where('job_id', '=', jobId).executeTakeFirst()

  return row && toTask(row)
}

/** The tasks of executions that have one each, by execution. */
export async function findSoleTasks(
  db: Database,
  executionIds: readonly number[],
): Promise<Map<number, Task>> {
  if (executionIds.length === 0) return new Map()
  const rows = await db
    .selectFrom('tasks')
    .select(TASK_COLUMNS)
    .where('execution_id', 'in', [...executionIds])
    .orderBy('id', 'desc')
    .execute()

  return new Map(rows.map((row) => [row.execution_id, toTask(row)]))
}

const TASK_COLUMNS = [
  'id',
  'execution_id',
  'kind',
  'job_id',
  'status',
  'status_message',
  'run_count',
  'attributes',
  'creation_time',
  'start_time',
  'update_time',
  'end_time',
] as const

function toExecution(row: {
  id: number
  vendor_type: string
  vendor_id: number
  trigger: Execution['trigger']
  status: string
  status_message: string
  attributes: Record<string, unknown>
  start_time: Date
  update_time: Date
  end_time: Date | null
}): Execution {
  return {
    id: row.id,
    vendorType: row.vendor_type,
    vendorId: row.vendor_id,
    trigger: row.trigger,
    status: row.status as Status,
    statusMessage: row.status_message,
    attributes: row.attributes,
    startTime: row.start_time,
    updateTime: row.update_time,
    endTime: row.end_time ?? undefined,
  }
}

function toTask(row: {
  id: number
  execution_id: number
  kind: string
  job_id: string
  status: string
  status_message: string
  run_count: number
  attributes: Record<string, unknown>
  creation_time: Date
  start_time: Date | null
  update_time: Date
  end_time: Date | null
}): Task {
  return {
    id: row.id,
    executionId: row.execution_id,
    kind: row.kind,
    jobId: row.job_id,
    status: row.status as Status,
    statusMessage: row.status_message,
    runCount: row.run_count,
    attributes: row.attributes,
    creationTime: row.creation_time,
    startTime: row.start_time ?? undefined,
    updateTime: row.update_time,
    endTime: row.end_time ?? undefined,
  }
}
