import { admitToProject, refusalOf } from '../access/admission.ts'
import { decide, decideEverywhere } from '../access/decide.ts'
import type { Actor, Principal } from '../access/model.ts'
import { nextTime } from '../jobs/cron.ts'
import { findExecution, findTask, selectExecutions, selectTasks } from '../jobs/list-store.ts'
import type { Execution, Task } from '../jobs/model.ts'
import { setSchedule } from '../jobs/schedules/service.ts'
import { deleteSchedule, findSchedule } from '../jobs/schedules/store.ts'
import { stopExecution } from '../jobs/service.ts'
import { deleteExecutionsOf } from '../jobs/store.ts'
import { deleteTaskLogs, readTaskLog } from '../jobs/task-log.ts'
import { findProjectContext } from '../members/service.ts'
import type { Database } from '../platform/db/database.ts'
import type { Page } from '../platform/db/list.ts'
import { DomainError } from '../platform/errors.ts'
import { emit } from '../platform/events/outbox.ts'
import { removeMetadata, setMetadata } from '../projects/metadata/service.ts'
import type { StorageDriver } from '../storage/driver.ts'
import type { Verdict } from './evaluate.ts'
import type { RetentionEvent } from './events.ts'
import { RETENTION, type RetentionJobDeps, readVerdicts, startRetention } from './job.ts'
import { checkRules, type RetentionPolicy, type RetentionRule } from './model.ts'
import * as store from './store.ts'

export type RetentionDeps = RetentionJobDeps & { storage: StorageDriver }

/** Who asks: no path names the project of a policy, so he is judged here. */
export interface Caller {
  principal: Principal
  actor: Actor
}

export interface PolicyRequest {
  /** Undefined: for all projects that have none of their own. */
  projectId: number | undefined
  rules: RetentionRule[]
  /** Empty: no schedule. */
  cron: string
}

export interface ShownPolicy extends RetentionPolicy {
  cron: string
  nextTime: Date | undefined
}

const WHAT = 'scheduled tag retention'
type Action = 'create' | 'read' | 'update' | 'delete' | 'list'

/** A policy with its schedule, if the caller may read it. Throws not-found. */
export async function getPolicy(deps: RetentionDeps, principal: Principal, id: number): Promise<ShownPolicy> {
  const { policy } = await admitted(deps, principal, id, 'read', notFound(id))
  const schedule = await findSchedule(deps.db, RETENTION, id)
  return { ...policy, cron: schedule?.cron ?? '', nextTime: schedule?.nextTime }
}

/** Creates a policy and answers its id. Throws bad-request, conflict. */
export async function createPolicy(
  deps: RetentionDeps,
  { principal, actor }: Caller,
  request: PolicyRequest,
): Promise<number> {
  const { projectId } = request
  const project = await admit(deps, principal, projectId, 'create').catch((error: unknown) => {
    if (!(error instanceof DomainError) || error.kind !== 'not-found') throw error
    throw new DomainError('bad-request', `bad request: invalid Project id ${projectId}`)
  })
  checkCron(request.cron)
  checkRules(request.rules)
  const id = await deps.db.transaction().execute(async (tx) => {
    const created = await store.insertPolicy(tx, request)
    if (created === undefined) return undefined
    await schedule(tx, created, request.cron)
    await emit(tx, { type: 'retention.created', payload: payloadOf(created, project, actor) })
    return created
  })
  if (id === undefined) {
    const other = await store.findPolicyOf(deps.db, projectId)
    const whose = projectId === undefined ? 'the system' : `project ${projectId}`
    throw new DomainError('bad-request', `bad request: ${whose} already has retention policy ${other?.id}`)
  }
  if (projectId !== undefined) {
    await setMetadata(deps, projectId, 'retention_id', { retention_id: String(id) }, actor)
  }
  return id
}

/** Changes rules and schedule; the project stays. Throws bad-request, conflict, not-found. */
export async function changePolicy(
  deps: RetentionDeps,
  { principal, actor }: Caller,
  id: number,
  { rules, cron }: Omit<PolicyRequest, 'projectId'>,
): Promise<void> {
  const missing = new DomainError(
    'not-found',
    `resource not found: the retention policy id ${id} does not match`,
  )
  const { project } = await admitted(deps, principal, id, 'update', missing)
  checkCron(cron)
  checkRules(rules)
  await deps.db.transaction().execute(async (tx) => {
    if (!(await store.updateRules(tx, id, rules))) throw missing
    await schedule(tx, id, cron)
    await emit(tx, { type: 'retention.updated', payload: payloadOf(id, project, actor) })
  })
}

/** Deletes a policy with its schedule and its runs. Throws bad-request where there is none, as Harbor does. */
export async function removePolicy(
  deps: RetentionDeps,
  { principal, actor }: Caller,
  id: number,
): Promise<void> {
  const { policy, project } = await admitted(deps, principal, id, 'delete', noSuchPolicy(id))
  const taskIds = await deps.db.transaction().execute(async (tx) => {
    if (!(await store.deletePolicy(tx, id))) throw noSuchPolicy(id)
    await deleteSchedule(tx, RETENTION, id)
    // Who takes a policy away does not want its run to go on deleting.
    const gone = await deleteExecutionsOf(tx, RETENTION, id)
    await emit(tx, { type: 'retention.deleted', payload: payloadOf(id, project, actor) })
    return gone
  })
  await deleteTaskLogs(deps.storage, taskIds)
  if (policy.projectId !== undefined) await removeMetadata(deps, policy.projectId, 'retention_id', actor)
}

/** Orders a run and answers its id. */
export async function orderRun(
  deps: RetentionDeps,
  { principal, actor }: Caller,
  id: number,
  dryRun: boolean,
): Promise<number> {
  const { policy, project } = await admitted(deps, principal, id, 'update', noSuchPolicy(id))
  return await deps.db.transaction().execute(async (tx) => {
    const executionId = await startRetention(tx, policy, { dryRun, trigger: 'MANUAL' })
    const payload = { ...payloadOf(id, project, actor), executionId, dryRun }
    await emit(tx, { type: 'retention.started', payload })
    return executionId
  })
}

/** One page of the runs of a policy, the newest first. */
export async function listRuns(
  deps: RetentionDeps,
  principal: Principal,
  id: number,
  page: Page,
): Promise<{ executions: Execution[]; total: number }> {
  await admitted(deps, principal, id, 'list', noSuchPolicy(id))
  return await selectExecutions(deps.db, { type: RETENTION, id }, { filters: [], orders: [], page })
}

/** Stops a run; that it is over is no error. Throws not-found. */
export async function stopRun(
  deps: RetentionDeps,
  principal: Principal,
  id: number,
  executionId: number,
): Promise<void> {
  await admitted(deps, principal, id, 'update', noSuchPolicy(id))
  await getRun(deps, id, executionId)
  await stopExecution(deps, executionId)
}

/** One page of the repositories of a run. Throws not-found. */
export async function listRunTasks(
  deps: RetentionDeps,
  principal: Principal,
  { id, executionId }: { id: number; executionId: number },
  page: Page,
): Promise<{ tasks: Task[]; total: number }> {
  await admitted(deps, principal, id, 'list', noSuchPolicy(id))
  await getRun(deps, id, executionId)
  return await selectTasks(deps.db, executionId, { filters: [], orders: [], page })
}

/** What a run has said of a repository. Throws not-found. */
export async function getRunLog(
  deps: RetentionDeps,
  principal: Principal,
  { id, executionId, taskId }: { id: number; executionId: number; taskId: number },
): Promise<string> {
  await admitted(deps, principal, id, 'read', noSuchPolicy(id))
  await getRun(deps, id, executionId)
  if (!(await findTask(deps.db, executionId, taskId))) {
    throw new DomainError('not-found', `task ${taskId} not found`)
  }
  return (await readTaskLog(deps.storage, taskId)) ?? 'nothing is logged yet\n'
}

export interface Explanation {
  /** The policy that is asked; undefined where neither the project nor the system has one. */
  policy: RetentionPolicy | undefined
  /** Undefined: no rule is about the repository. */
  verdicts: Verdict[] | undefined
}

/** What the policy that holds for a repository would do with it now, artifact by artifact. */
export async function explain(deps: RetentionDeps, place: store.RetentionPlace): Promise<Explanation> {
  const policy =
    (await store.findPolicyOf(deps.db, place.projectId)) ?? (await store.findPolicyOf(deps.db, undefined))
  return { policy, verdicts: policy && (await readVerdicts(deps, place, policy.rules)) }
}

async function getRun(deps: RetentionDeps, id: number, executionId: number): Promise<void> {
  if (!(await findExecution(deps.db, { type: RETENTION, id }, executionId))) {
    throw new DomainError('not-found', `execution ${executionId} not found`)
  }
}

/** The policy, if the caller may do that; only who may anywhere hears that there is none. */
async function admitted(
  deps: RetentionDeps,
  principal: Principal,
  id: number,
  action: Action,
  missing: DomainError,
) {
  const policy = await store.findPolicy(deps.db, id)
  if (policy) return { policy, project: await admit(deps, principal, policy.projectId, action) }
  throw decideEverywhere(principal, `tag-retention:${action}`) ? missing : refusalOf(principal)
}

/** The defaults of all projects are a matter of the configuration. */
async function admit(
  deps: RetentionDeps,
  principal: Principal,
  projectId: number | undefined,
  action: Action,
): Promise<{ id: number; name: string } | undefined> {
  if (projectId === undefined) {
    const permission = action === 'read' || action === 'list' ? 'configuration:read' : 'configuration:update'
    if (decide(principal, permission)) return undefined
    throw refusalOf(principal)
  }
  const project = await findProjectContext(deps, principal, String(projectId), false)
  return admitToProject(principal, [`tag-retention:${action}`], project, String(projectId))
}

/** Seconds would only make many replicas wake up at once. */
function checkCron(cron: string): void {
  if (cron === '') return
  nextTime(cron, new Date(), WHAT)
  if (cron.trim().split(/\s+/)[0] !== '0') {
    throw new DomainError(
      'bad-request',
      `invalid cron string for ${WHAT}: ${cron}, error: the 1st field (indicating Seconds of time) of the cron setting must be 0`,
    )
  }
}

async function schedule(tx: Database, id: number, cron: string): Promise<void> {
  if (cron === '') await deleteSchedule(tx, RETENTION, id)
  else
    await setSchedule(tx, {
      vendorType: RETENTION,
      vendorId: id,
      type: 'Custom',
      cron,
      parameters: {},
      what: WHAT,
    })
}

function payloadOf(
  id: number,
  project: { id: number; name: string } | undefined,
  actor: Actor,
): RetentionEvent {
  return { policyId: id, projectId: project?.id, projectName: project?.name, name: String(id), actor }
}

function noSuchPolicy(id: number): DomainError {
  return new DomainError('bad-request', `bad request: no such Retention policy with id ${id}`)
}

function notFound(id: number): DomainError {
  return new DomainError('not-found', `retention policy ${id} not found`)
}
