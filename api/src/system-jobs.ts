import Type, { type Static } from 'typebox'
import { ListQuery } from './paging.ts'

const Time = Type.String({ format: 'date-time' })

/** A run of a job of the system, or its schedule. */
export const RunOfSystemJob = Type.Object({
  id: Type.Integer(),
  job_name: Type.Optional(Type.String()),
  job_kind: Type.String({ description: '`MANUAL` or `SCHEDULE`; of a schedule, its cron.' }),
  job_parameters: Type.String({ description: 'JSON: what it was started with, and what it has done.' }),
  schedule: Type.Object({
    type: Type.String(),
    cron: Type.Optional(Type.String()),
    next_scheduled_time: Time,
  }),
  job_status: Type.String(),
  creation_time: Time,
  update_time: Time,
})
export type RunOfSystemJob = Static<typeof RunOfSystemJob>

export const RunsOfSystemJob = Type.Array(RunOfSystemJob)

/** Lines, each with its time. */
export const LogOfSystemJob = Type.String()

/**
 * Lines of JSON: `{"artifact": "project/repository@digest"}` or `{"blob": digest, "size": bytes}`, and at the end
 * `{"total": {"artifacts": 0, "blobs": 0, "bytes": 0}}`.
 */
export const CandidatesOfCollection = Type.String({ contentMediaType: 'application/x-ndjson' })

export const RunQuery = Type.Object({ ...ListQuery })

/** The path of one run; Harbor gives the id of each kind of job a name of its own. */
export const runParams = (name: string) =>
  Type.Object({
    [name]: Type.Integer({ minimum: -Number.MAX_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }),
  })

const Types = ['Hourly', 'Daily', 'Weekly', 'Custom', 'Manual', 'None', 'Schedule'] as const

/** When a job of the system is to run, and how. */
export const ScheduleOfSystemJob = Type.Object({
  schedule: Type.Object({
    type: Type.Union(
      Types.map((type) => Type.Literal(type)),
      { description: '`Manual` starts it now, `None` removes the schedule.' },
    ),
    cron: Type.Optional(Type.String({ description: 'Six fields, seconds first, in UTC.' })),
  }),
  parameters: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
})
export type ScheduleOfSystemJob = Static<typeof ScheduleOfSystemJob>
