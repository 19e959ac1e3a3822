import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Wire from '@portolan/api/system-jobs'
import type { FastifyReply } from 'fastify'
import type { SystemPermission } from '../../access/permissions.ts'
import { DomainError } from '../../platform/errors.ts'
import { sendTotal, toPage } from '../../platform/http/paging.ts'
import { type Fields, parseFilters, parseSort } from '../../platform/http/query.ts'
import { NO_TIME } from '../../platform/http/wire-time.ts'
import type { ExecutionField } from '../list-store.ts'
import type { Schedule } from '../schedules/model.ts'
import {
  findRun,
  getSchedule,
  listRuns,
  orderRun,
  type Run,
  readRunLog,
  type SystemJob,
  type SystemJobDeps,
  type SystemJobRequest,
  stopRun,
} from './service.ts'

/** Where a job of the system is, and how its answers are worded. */
export interface SystemJobPaths {
  /** `/system/gc` */
  path: string
  /** The name of a run's id in paths: `gc_id`. */
  idName: 'gc_id' | 'purge_id' | 'scrub_id'
  permissions: Record<'list' | 'read' | 'create' | 'update' | 'stop', SystemPermission>
  missing(id: number): string
  logMissing(id: number): string
  /** Parameters of a schedule that are not shown. */
  hidden: readonly string[]
}

const FIELDS: Fields<ExecutionField | 'creation_time'> = {
  id: 'integer',
  vendor_type: 'string',
  vendor_id: 'integer',
  status: 'string',
  trigger: 'string',
  start_time: 'time',
  update_time: 'time',
  end_time: 'time',
  creation_time: 'time',
}
const SORTABLE = [
  'id',
  'status',
  'trigger',
  'start_time',
  'update_time',
  'end_time',
  'creation_time',
] as const

/** Harbor's routes of a job of the system: schedule, history, one run, its log, its end. */
export function systemJobRoutes(
  deps: SystemJobDeps,
  job: SystemJob,
  { path, idName, permissions, missing, logMissing, hidden }: SystemJobPaths,
): FastifyPluginAsyncTypebox {
  const may = (action: keyof SystemJobPaths['permissions']) => ({
    permission: { system: permissions[action] },
  })

  const one = `${path}/:${idName}`
  const params = Wire.runParams(idName)
  const idOf = (request: { params: unknown }) => (request.params as Record<string, number>)[idName] ?? 0

  return async (app) => {
    app.get(
      `${path}/schedule`,
      { schema: { response: { 200: Wire.RunOfSystemJob } }, config: may('read') },
      async (_request, reply) => {
        const schedule = await getSchedule(deps, job)
        // As Harbor answers that there is none: with nothing.
        return schedule ? scheduleToWire(schedule, hidden) : (reply as FastifyReply).send()
      },
    )

    app.post(
      `${path}/schedule`,
      { schema: { body: Wire.ScheduleOfSystemJob }, config: may('create') },
      async (request, reply) => {
        const id = await orderRun(deps, job, readRequest(request.body))
        return reply.code(201).header('location', `/api/v2.0${path}/${id}`).send()
      },
    )

    app.put(
      `${path}/schedule`,
      { schema: { body: Wire.ScheduleOfSystemJob }, config: may('update') },
      async (request, reply) => {
        await orderRun(deps, job, readRequest(request.body))
        return reply.send()
      },
    )

    app.get(
      path,
      {
        schema: { querystring: Wire.RunQuery, response: { 200: Wire.RunsOfSystemJob } },
        config: may('list'),
      },
      async (request, reply) => {
        const { runs, total } = await listRuns(deps, job, {
          filters: parseFilters(request.query.q, FIELDS).map((filter) => ({
            ...filter,
            field: column(filter.field),
          })),
          orders: parseSort(request.query.sort, SORTABLE).map((order) => ({
            ...order,
            field: column(order.field),
          })),
          page: toPage(request.query),
        })
        sendTotal(request, reply, request.query, total)
        return runs.map((run) => runToWire(job, run))
      },
    )

    app.get(
      one,
      {
        schema: { params, response: { 200: Wire.RunOfSystemJob } },
        config: may('read'),
      },
      async (request) => {
        const id = idOf(request)
        const run = await findRun(deps, job, id)
        if (!run) throw new DomainError('not-found', missing(id))
        return runToWire(job, run)
      },
    )

    app.put(one, { schema: { params }, config: may('stop') }, async (request, reply) => {
      await stopRun(deps, job, idOf(request))
      return reply.send()
    })

    app.get(
      `${one}/log`,
      { schema: { params, response: { 200: Wire.LogOfSystemJob } }, config: may('read') },
      async (request, reply) => {
        const text = await readRunLog(deps, job, idOf(request))
        if (text === undefined) throw new DomainError('not-found', logMissing(idOf(request)))
        return reply.type('text/plain').send(text)
      },
    )
  }
}

/** Lists call the start of a run its creation. */
function column(field: ExecutionField | 'creation_time'): ExecutionField {
  return field === 'creation_time' ? 'start_time' : field
}

function readRequest(body: Wire.ScheduleOfSystemJob): SystemJobRequest {
  return {
    type: body.schedule.type,
    cron: body.schedule.cron ?? '',
    parameters: body.parameters ?? {},
  }
}

function runToWire(job: SystemJob, { execution, task }: Run): Wire.RunOfSystemJob {
  return {
    id: execution.id,
    job_name: job.name,
    job_kind: execution.trigger,
    job_parameters: JSON.stringify({ ...execution.attributes, ...task?.attributes }),
    schedule: {
      type: execution.trigger === 'MANUAL' ? 'Manual' : 'Schedule',
      next_scheduled_time: NO_TIME,
    },
    job_status: execution.status,
    creation_time: execution.startTime.toISOString(),
    update_time: execution.updateTime.toISOString(),
  }
}

function scheduleToWire(schedule: Schedule, hidden: readonly string[]): Wire.RunOfSystemJob {
  const shown = Object.entries(schedule.parameters).filter(([name]) => !hidden.includes(name))
  return {
    id: schedule.id,
    job_kind: schedule.cron,
    job_parameters: JSON.stringify(Object.fromEntries(shown)),
    schedule: {
      type: schedule.type,
      cron: schedule.cron,
      next_scheduled_time: schedule.nextTime.toISOString(),
    },
    // As Harbor calls a schedule that is in force.
    job_status: 'Running',
    creation_time: schedule.creationTime.toISOString(),
    update_time: schedule.updateTime.toISOString(),
  }
}
