import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Wire from '@portolan/api/jobs'
import type { Database } from '../platform/db/database.ts'
import { DomainError } from '../platform/errors.ts'
import { sendTotal, toPage } from '../platform/http/paging.ts'
import type { StorageDriver } from '../storage/driver.ts'
import { findTaskByJob } from './list-store.ts'
import { actOnQueue, isSchedulerPaused, listQueues, type OtherQueues } from './queues/service.ts'
import { selectSchedules } from './schedules/store.ts'
import { stopAll, stopJob } from './service.ts'
import { readTaskLog } from './task-log.ts'
import { type RunningTask, selectRunning, selectWorkers, type WorkerPool } from './worker-store.ts'

export interface JobsRoutesDeps {
  db: Database
  storage: StorageDriver
  /** What waits elsewhere, and is shown with the queues. */
  others?: readonly OtherQueues[]
}

const LIST = { permission: { system: 'jobservice-monitor:list' } } as const
const STOP = { permission: { system: 'jobservice-monitor:stop' } } as const

/** `/jobservice` and `/schedules`: what runs, what waits, and what will. */
export function jobsRoutes(deps: JobsRoutesDeps): FastifyPluginAsyncTypebox {
  const { db, storage } = deps
  return async (app) => {
    app.get(
      '/jobservice/pools',
      { schema: { response: { 200: Wire.WorkerPools } }, config: LIST },
      async () => (await selectWorkers(db)).map(toPool),
    )

    app.get(
      '/jobservice/pools/:pool_id/workers',
      { schema: { params: Wire.PoolParams, response: { 200: Wire.Workers } }, config: LIST },
      async ({ params }) => {
        const [pools, running] = await Promise.all([selectWorkers(db), selectRunning(db)])
        const named = pools.filter((pool) => params.pool_id === 'all' || pool.id === params.pool_id)
        if (named.length === 0 && params.pool_id !== 'all') {
          throw new DomainError('not-found', `worker pool ${params.pool_id} not found`)
        }
        return named.flatMap((pool) => toWorkers(pool, running))
      },
    )

    app.put(
      '/jobservice/jobs/:job_id',
      { schema: { params: Wire.JobParams }, config: STOP },
      async (request, reply) => {
        const { job_id: jobId } = request.params
        await (jobId === 'all' ? stopAll(deps) : stopJob(deps, jobId))
        return reply.send()
      },
    )

    app.get(
      '/jobservice/jobs/:job_id/log',
      { schema: { params: Wire.JobParams, response: { 200: Wire.JobLog } }, config: LIST },
      async (request, reply) => {
        const task = await findTaskByJob(db, request.params.job_id)
        const text = task && (await readTaskLog(storage, task.id))
        if (text === undefined) {
          const details = `job log of ${request.params.job_id}`
          const reason = { code: 10010, message: 'object is not found', details }
          throw new DomainError('not-found', JSON.stringify(reason))
        }
        return reply.type('text/plain').send(text)
      },
    )

    app.get('/jobservice/queues', { schema: { response: { 200: Wire.JobQueues } }, config: LIST }, async () =>
      (await listQueues(deps)).map((queue) => ({
        job_type: queue.kind,
        ...(queue.waiting > 0 && { count: queue.waiting }),
        ...(queue.latency > 0 && { latency: queue.latency }),
        paused: queue.paused,
      })),
    )

    app.put(
      '/jobservice/queues/:job_type',
      { schema: { params: Wire.QueueParams, body: Wire.ActionRequest }, config: STOP },
      async (request, reply) => {
        await actOnQueue(deps, request.params.job_type, request.body.action)
        return reply.send()
      },
    )

    app.get(
      '/schedules',
      { schema: { querystring: Wire.ScheduleQuery, response: { 200: Wire.ScheduleTasks } }, config: LIST },
      async (request, reply) => {
        const { schedules, total } = await selectSchedules(db, toPage(request.query))
        sendTotal(request, reply, request.query, total)
        return schedules.map((schedule) => ({
          id: schedule.id,
          vendor_type: schedule.vendorType,
          ...(schedule.vendorId > 0 && { vendor_id: schedule.vendorId }),
          cron: schedule.cron,
          update_time: schedule.updateTime.toISOString(),
        }))
      },
    )

    app.get(
      '/schedules/:job_type/paused',
      {
        schema: { params: Wire.QueueParams, response: { 200: Wire.SchedulerStatus } },
        config: { permission: 'authenticated' },
      },
      async (request) => {
        if (request.params.job_type !== 'all')
          throw new DomainError('bad-request', "job_type can only be 'all'")
        return { paused: await isSchedulerPaused(deps) }
      },
    )
  }
}

function toPool(pool: WorkerPool): Wire.WorkerPool {
  return {
    worker_pool_id: pool.id,
    pid: pool.pid,
    start_at: pool.startTime.toISOString(),
    heartbeat_at: pool.heartbeatTime.toISOString(),
    concurrency: pool.concurrency,
  }
}

/** Harbor shows one worker for each task that a pool can run at once, the idle ones too. */
function toWorkers(pool: WorkerPool, running: readonly RunningTask[]): Wire.Worker[] {
  const busy = running.filter((task) => task.workerId === pool.id)
  return Array.from({ length: Math.max(pool.concurrency, busy.length) }, (_, at) => {
    const task = busy[at]
    return {
      id: `${pool.id}-${at + 1}`,
      pool_id: pool.id,
      ...(task && {
        job_name: task.kind,
        job_id: task.jobId,
        start_at: task.startTime.toISOString(),
        checkin_at: task.updateTime.toISOString(),
      }),
    }
  })
}
