import { admitToProject, refusalOf } from '../access/admission.ts'
import { decideEverywhere } from '../access/decide.ts'
import type { Actor, Principal } from '../access/model.ts'
import type { Execution, Task } from '../jobs/model.ts'
import { deleteTaskLogs } from '../jobs/task-log.ts'
import { findProjectContext } from '../members/service.ts'
import type { Database } from '../platform/db/database.ts'
import type { Page } from '../platform/db/list.ts'
import { DomainError } from '../platform/errors.ts'
import { withMetadata, withoutMetadata } from '../projects/metadata/service.ts'
import { rewriteProject } from '../projects/service.ts'
import type { StorageDriver } from '../storage/driver.ts'
import type { RetentionJobDeps } from './job.ts'
import {
  checkContent,
  dropPolicy,
  insertPolicy,
  type PolicyContent,
  replacePolicy,
  type ShownPolicy,
  showPolicy,
} from './policies.ts'
import { endRun, orderRunOf, readRunLog, selectRuns, selectRunTasks } from './runs.ts'
import * as store from './store.ts'

/** The policies of projects: Harbor's. That of the system is in `system/`. */

/** The metadata of a project that names its policy. */
const KEY = 'retention_id'

export type RetentionDeps = RetentionJobDeps & { storage: StorageDriver }

/** Who asks: no path names the project of a policy, so he is judged here. */
export interface Caller {
  principal: Principal
  actor: Actor
}

export interface PolicyRequest extends PolicyContent {
  /** What it is to be about; Harbor knows projects alone. */
  level: string
  projectId: number
}

type Action = 'create' | 'read' | 'update' | 'delete' | 'list'

/** A policy with its schedule, if the caller may read it. Throws not-found. */
export async function getPolicy(deps: RetentionDeps, principal: Principal, id: number): Promise<ShownPolicy> {
  const { policy } = await admitted(deps, principal, id, 'read', notFound(id))
  return await showPolicy(deps.db, policy)
}

/**
 * Creates a policy and answers its id. One that the project does not name any more goes for it: scripts for Harbor remove
 * `retention_id` from the metadata before they create another. Throws bad-request, conflict.
 */
export async function createPolicy(
  deps: RetentionDeps,
  { principal, actor }: Caller,
  request: PolicyRequest,
): Promise<number> {
  const { level, projectId } = request
  if (level !== 'project') {
    if (!decideEverywhere(principal, 'tag-retention:create')) throw refusalOf(principal)
    throw new DomainError('bad-request', `bad request: scope ${level} is not supported`)
  }
  const project = await admit(deps, principal, projectId, 'create').catch((error: unknown) => {
    if (!(error instanceof DomainError) || error.kind !== 'not-found') throw error
    throw new DomainError('bad-request', `bad request: invalid Project id ${projectId}`)
  })
  checkContent(request)
  let id = 0
  let taskIds: number[] = []
  // The project is told of its policy in the same transaction: it has one that it knows of, or none.
  await rewriteProject(deps, projectId, actor, async (current, tx) => {
    const forgotten = await store.findPolicyOf(tx, projectId)
    if (forgotten && current.metadata[KEY] !== String(forgotten.id)) {
      admitToProject(principal, ['tag-retention:delete'], project, String(projectId))
      taskIds = (await dropPolicy(tx, forgotten.id, project, actor)) ?? []
    }
    const inserted = await insertPolicy(tx, project, request, actor)
    if (inserted === undefined) throw await alreadyThere(tx, projectId)
    id = inserted
    return withMetadata(current, KEY, String(id))
  })
  await deleteTaskLogs(deps.storage, taskIds)
  return id
}

async function alreadyThere(db: Database, projectId: number): Promise<DomainError> {
  const other = await store.findPolicyOf(db, projectId)
  return new DomainError(
    'bad-request',
    `bad request: project ${projectId} already has retention policy ${other?.id}`,
  )
}

/** Changes rules and schedule; the project stays. Throws bad-request, conflict, not-found. */
export async function changePolicy(
  deps: RetentionDeps,
  { principal, actor }: Caller,
  id: number,
  content: PolicyContent,
): Promise<void> {
  const missing = new DomainError(
    'not-found',
    `resource not found: the retention policy id ${id} does not match`,
  )
  const { project } = await admitted(deps, principal, id, 'update', missing)
  checkContent(content)
  const isThere = await deps.db.transaction().execute((tx) => replacePolicy(tx, id, project, content, actor))
  if (!isThere) throw missing
}

/** Deletes a policy with its schedule and its runs. Throws bad-request where there is none, as Harbor does. */
export async function removePolicy(
  deps: RetentionDeps,
  { principal, actor }: Caller,
  id: number,
): Promise<void> {
  const { project } = await admitted(deps, principal, id, 'delete', noSuchPolicy(id))
  let taskIds: number[] = []
  await rewriteProject(deps, project.id, actor, async (current, tx) => {
    const gone = await dropPolicy(tx, id, project, actor)
    if (!gone) throw noSuchPolicy(id)
    taskIds = gone
    return withoutMetadata(current, KEY)
  })
  await deleteTaskLogs(deps.storage, taskIds)
}

/** Orders a run and answers its id. */
export async function orderRun(
  deps: RetentionDeps,
  { principal, actor }: Caller,
  id: number,
  dryRun: boolean,
): Promise<number> {
  const { policy, project } = await admitted(deps, principal, id, 'update', noSuchPolicy(id))
  return await orderRunOf(deps, policy, project, { actor, dryRun })
}

/** One page of the runs of a policy, the newest first. */
export async function listRuns(
  deps: RetentionDeps,
  principal: Principal,
  id: number,
  page: Page,
): Promise<{ executions: Execution[]; total: number }> {
  await admitted(deps, principal, id, 'list', noSuchPolicy(id))
  return await selectRuns(deps, id, page)
}

/** Stops a run; that it is over is no error. Throws not-found. */
export async function stopRun(
  deps: RetentionDeps,
  principal: Principal,
  id: number,
  executionId: number,
): Promise<void> {
  await admitted(deps, principal, id, 'update', noSuchPolicy(id))
  await endRun(deps, id, executionId)
}

/** One page of the repositories of a run. Throws not-found. */
export async function listRunTasks(
  deps: RetentionDeps,
  principal: Principal,
  { id, executionId }: { id: number; executionId: number },
  page: Page,
): Promise<{ tasks: Task[]; total: number }> {
  await admitted(deps, principal, id, 'list', noSuchPolicy(id))
  return await selectRunTasks(deps, id, executionId, page)
}

/** What a run has said of a repository. Throws not-found. */
export async function getRunLog(
  deps: RetentionDeps,
  principal: Principal,
  { id, executionId, taskId }: { id: number; executionId: number; taskId: number },
): Promise<string> {
  await admitted(deps, principal, id, 'read', noSuchPolicy(id))
  return await readRunLog(deps, id, { executionId, taskId })
}

/** The policy of a project, if the caller may do that; only who may anywhere hears that there is none. */
async function admitted(
  deps: RetentionDeps,
  principal: Principal,
  id: number,
  action: Action,
  missing: DomainError,
) {
  const policy = await store.findPolicy(deps.db, id)
  if (policy?.projectId !== undefined) {
    return { policy, project: await admit(deps, principal, policy.projectId, action) }
  }
  throw decideEverywhere(principal, `tag-retention:${action}`) ? missing : refusalOf(principal)
}

async function admit(deps: RetentionDeps, principal: Principal, projectId: number, action: Action) {
  const project = await findProjectContext(deps, principal, String(projectId), false)
  return admitToProject(principal, [`tag-retention:${action}`], project, String(projectId))
}

function noSuchPolicy(id: number): DomainError {
  return new DomainError('bad-request', `bad request: no such Retention policy with id ${id}`)
}

function notFound(id: number): DomainError {
  return new DomainError('not-found', `retention policy ${id} not found`)
}
