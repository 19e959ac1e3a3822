import Type, { type Static } from 'typebox'
import { PageQuery } from './paging.ts'

const Time = Type.String({ format: 'date-time' })

/** A process that runs tasks. */
export const WorkerPool = Type.Object({
  worker_pool_id: Type.String(),
  pid: Type.Integer(),
  start_at: Time,
  heartbeat_at: Time,
  concurrency: Type.Integer({ description: 'How many tasks it runs at once.' }),
})
export type WorkerPool = Static<typeof WorkerPool>

export const WorkerPools = Type.Array(WorkerPool)

/** One place in a pool, and the task in it. */
export const Worker = Type.Object({
  id: Type.String(),
  pool_id: Type.String(),
  job_name: Type.Optional(Type.String()),
  job_id: Type.Optional(Type.String()),
  start_at: Type.Optional(Time),
  checkin_at: Type.Optional(Time),
})
export type Worker = Static<typeof Worker>

export const Workers = Type.Array(Worker)

export const PoolParams = Type.Object({
  pool_id: Type.String({ description: 'The id of a pool, or `all`.' }),
})

export const JobParams = Type.Object({
  job_id: Type.String({ description: 'The id of a job; to stop them, `all` too.' }),
})

/** Lines, each with its time. */
export const JobLog = Type.String()

export const JobQueues = Type.Array(
  Type.Object({
    job_type: Type.String(),
    count: Type.Optional(Type.Integer({ description: 'How many tasks wait; left out for none.' })),
    latency: Type.Optional(Type.Integer({ description: 'Seconds that the one waits which waits longest.' })),
    paused: Type.Boolean(),
  }),
)

export const QueueParams = Type.Object({
  job_type: Type.String({ description: 'A type of jobs, or `all`.' }),
})

export const ActionRequest = Type.Object({
  action: Type.Union([Type.Literal('stop'), Type.Literal('pause'), Type.Literal('resume')], {
    description: '`stop` ends what waits, `pause` takes nothing more, `resume` does again.',
  }),
})

export const ScheduleQuery = Type.Object({ ...PageQuery })

export const ScheduleTasks = Type.Array(
  Type.Object({
    id: Type.Integer(),
    vendor_type: Type.String(),
    vendor_id: Type.Optional(Type.Integer()),
    cron: Type.String({ description: 'Six fields, seconds first, in UTC.' }),
    update_time: Time,
  }),
)

export const SchedulerStatus = Type.Object({ paused: Type.Boolean() })
