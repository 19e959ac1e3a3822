import type { Database } from '../../platform/db/database.ts'
import { DomainError } from '../../platform/errors.ts'
import type { StorageDriver } from '../../storage/driver.ts'
import { findExecution, findSoleTasks, hasOpenExecution, selectExecutions } from '../list-store.ts'
import type { Execution, Task, Trigger } from '../model.ts'
import type { OnSchedule } from '../schedules/due.ts'
import { BY_ITSELF, type Schedule, type ScheduleType } from '../schedules/model.ts'
import { setSchedule } from '../schedules/service.ts'
import { deleteSchedule, findSchedule } from '../schedules/store.ts'
import { startExecution, stopExecution } from '../service.ts'
import { readTaskLog } from '../task-log.ts'

/** Work of the whole system of which one run is one task: it is started, or scheduled, with parameters. */
export interface SystemJob {
  /** Harbor's job type; of executions, tasks and schedules alike. */
  name: string
  /** What is scheduled, for messages: `scheduled gc`. */
  what: string
  /** Reads the parameters of a request, which are shown as they are; throws bad-request. */
  readParameters(given: Record<string, unknown>): Record<string, unknown>
  /** What the task gets. */
  toInput(parameters: Record<string, unknown>): unknown
}

export interface SystemJobDeps {
  db: Database
  storage: StorageDriver
}

/** When, and how. */
export interface SystemJobRequest {
  type: ScheduleType | 'Manual' | 'None' | 'Schedule'
  cron: string
  parameters: Record<string, unknown>
}

/** A run with what its task tells. */
export interface Run {
  execution: Execution
  task: Task | undefined
}

type List = Parameters<typeof selectExecutions>[2]

/**
 * Starts a run, or sets or removes the schedule; answers the id of what was made. Throws bad-request.
 */
export async function orderRun(
  deps: SystemJobDeps,
  job: SystemJob,
  request: SystemJobRequest,
): Promise<number> {
  if (request.type === 'None') {
    await deleteSchedule(deps.db, job.name, 0)
    return 0
  }
  const parameters = job.readParameters(request.parameters)
  if (request.type === 'Manual') {
    return await deps.db.transaction().execute((tx) => startRun(tx, job, parameters, 'MANUAL'))
  }
  const type = request.type === 'Schedule' ? 'Custom' : request.type
  checkSeconds(request.cron, job.what)
  const schedule = { vendorType: job.name, type, cron: request.cron, parameters, what: job.what }

  return await setSchedule(deps.db, schedule)
}

/** A run that is due; left out as long as another one waits or runs, and by itself only where nobody has set when. */
export function onScheduleOf(job: SystemJob): OnSchedule {
  return async (tx, schedule) => {
    if (schedule.vendorId === BY_ITSELF && (await findSchedule(tx, job.name, 0))) return
    if (await hasOpenExecution(tx, { type: job.name })) return
    await startRun(tx, job, schedule.parameters, 'SCHEDULE')
  }
}

/** The schedule that is in force, if there is one: what somebody has set, or what the system does by itself. */
export async function getSchedule(deps: SystemJobDeps, job: SystemJob): Promise<Schedule | undefined> {
  return (await findSchedule(deps.db, job.name, 0)) ?? (await findSchedule(deps.db, job.name, BY_ITSELF))
}

/** One page of the runs, and how many there are. */
export async function listRuns(
  deps: SystemJobDeps,
  job: SystemJob,
  list: List,
): Promise<{ runs: Run[]; total: number }> {
  const { executions, total } = await selectExecutions(deps.db, { type: job.name }, list)
  const tasks = await findSoleTasks(
    deps.db,
    executions.map((execution) => execution.id),
  )

  return { runs: executions.map((execution) => ({ execution, task: tasks.get(execution.id) })), total }
}

/** A run. */
export async function findRun(deps: SystemJobDeps, job: SystemJob, id: number): Promise<Run | undefined> {
  const execution = await findExecution(deps.db, { type: job.name }, id)
  if (!execution) return undefined

  return { execution, task: (await findSoleTasks(deps.db, [id])).get(id) }
}

/** Stops a run; of one that is over nothing is said. Throws not-found. */
export async function stopRun(deps: SystemJobDeps, job: SystemJob, id: number): Promise<void> {
  if (!(await findExecution(deps.db, { type: job.name }, id))) {
    throw new DomainError('not-found', `execution ${id} not found`)
  }
  await stopExecution(deps, id)
}

/** The log of a run, as far as it has come; undefined where there is no run. */
export async function readRunLog(
  deps: SystemJobDeps,
  job: SystemJob,
  id: number,
): Promise<string | undefined> {
  const run = await findRun(deps, job, id)
  if (!run?.task) return undefined

  return (await readTaskLog(deps.storage, run.task.id)) ?? ''
}

async function startRun(
  tx: Database,
  job: SystemJob,
  parameters: Record<string, unknown>,
  trigger: Trigger,
): Promise<number> {
  const tasks = [{ kind: job.name, input: job.toInput(parameters) }]
  return await startExecution(tx, { vendorType: job.name, trigger, attributes: parameters, tasks })
}

/** As in Harbor: nothing of the system runs more than once a minute. */
function checkSeconds(cron: string, what: string): void {
  const fields = cron.trim().split(/\s+/)
  if (fields.length === 6 && fields[0] !== '0') {
    const problem = 'the 1st field (indicating Seconds of time) of the cron setting must be 0'
    throw new DomainError('bad-request', `invalid cron string for ${what}: ${cron}, error: ${problem}`)
  }
}
