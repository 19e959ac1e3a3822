import type { ColumnType, Generated } from 'kysely'
import type { Json, OptionalJson, OptionalTime, Time } from './columns.ts'

/** Tables of the job service. */

export interface ExecutionsTable {
  id: Generated<number>
  vendor_type: string
  vendor_id: Generated<number>
  trigger: 'MANUAL' | 'SCHEDULE' | 'EVENT'
  status: string
  status_message: Generated<string>
  attributes: Json<Record<string, unknown>>
  start_time: Time
  update_time: Time
  end_time: OptionalTime
}

export interface TasksTable {
  id: Generated<number>
  execution_id: number
  kind: string
  job_id: string
  status: Generated<string>
  status_message: Generated<string>
  input: Json<unknown>
  state: OptionalJson<unknown>
  attributes: ColumnType<Record<string, unknown>, string | undefined, string>
  run_count: Generated<number>
  failure_count: Generated<number>
  traceparent: string | null
  due_time: Time
  log_tail: unknown
  stop_requested: Generated<boolean>
  worker_id: string | null
  heartbeat_time: OptionalTime
  creation_time: Time
  start_time: OptionalTime
  update_time: Time
  end_time: OptionalTime
}

export interface WorkersTable {
  id: string
  host: string
  pid: number
  concurrency: number
  start_time: Time
  heartbeat_time: Time
}

export interface PausedKindsTable {
  kind: string
  creation_time: Time
}

export interface SchedulesTable {
  id: Generated<number>
  vendor_type: string
  vendor_id: Generated<number>
  cron_type: string
  cron: string
  parameters: Json<Record<string, unknown>>
  next_time: Date
  creation_time: Time
  update_time: Time
}
