import type { Actor } from '../../../access/model.ts'
import { findSoleTasks, selectExecutions } from '../../../jobs/list-store.ts'
import { startExecution } from '../../../jobs/service.ts'
import { parseRepositoryName } from '../../../oci/reference.ts'
import type { Database } from '../../../platform/db/database.ts'
import type { Page } from '../../../platform/db/list.ts'
import { Overtaken, transact } from '../../../platform/db/transact.ts'
import { DomainError } from '../../../platform/errors.ts'
import { emit } from '../../../platform/events/outbox.ts'
import type { QuotaPolicy } from '../../../quotas/count.ts'
import { lockRepositories, markRepositoryDeleted } from '../../../repositories/deletion-store.ts'
import { findAliasTarget, holdProject, lockNames } from '../../../repositories/names/store.ts'
import {
  beginRestoration,
  findNamed,
  findTrashed,
  lockTrashed,
  markPurged,
  reviveRepository,
  selectTrashed,
  type TrashedRepository,
} from '../../../repositories/trash-store.ts'
import { countAgain } from '../../count-again.ts'
import { countArtifacts } from '../../listed-store.ts'
import { findNextArtifacts, listOfferedBlobs } from '../../reference-store.ts'
import { MAX_COUNTED_AT_ONCE } from '../../release.ts'
import { removeRepository, type SweepDeps } from '../../sweep.ts'
import { type Progress, REPOSITORY_RESTORE, type RestoreInput } from './model.ts'

export interface RepositoryTrashDeps extends SweepDeps {
  quotas: QuotaPolicy
  /** Has what is deleted swept soon, for nobody to wait for. */
  onDeleted(): void
}

/** A deleted repository as lists show it. */
export interface CountedTrashed extends TrashedRepository {
  artifacts: number
}

/** One page of the deleted repositories of a project, and how many there are. A fixed number of statements. */
export async function listTrashedRepositories(
  { db }: { db: Database },
  projectId: number,
  page: Page,
): Promise<{ repositories: CountedTrashed[]; total: number }> {
  const { repositories, total } = await selectTrashed(db, projectId, page)
  return { repositories: await withCounts(db, repositories), total }
}

/** A deleted repository, and how far it is where it is being restored, or where that failed. Throws not-found. */
export async function getTrashedRepository(
  { db }: { db: Database },
  projectId: number,
  id: number,
): Promise<{ repository: CountedTrashed; progress: Progress | undefined }> {
  const found = await findTrashed(db, projectId, id)
  const [repository] = found ? await withCounts(db, [found]) : []
  if (!repository) throw notFound(id)
  return { repository, progress: await findProgress(db, id) }
}

async function withCounts(
  db: Database,
  repositories: readonly TrashedRepository[],
): Promise<CountedTrashed[]> {
  const counts = await countArtifacts(
    db,
    repositories.map(({ id }) => id),
  )
  return repositories.map((repository) => ({ ...repository, artifacts: counts.get(repository.id) ?? 0 }))
}

/** Of the last execution that has restored it, or tried to. */
async function findProgress(db: Database, repositoryId: number): Promise<Progress | undefined> {
  const vendor = { type: REPOSITORY_RESTORE, id: repositoryId }
  const list = { filters: [], orders: [], page: { limit: 1, offset: 0 } }
  const [execution] = (await selectExecutions(db, vendor, list)).executions
  if (!execution) return undefined
  const task = (await findSoleTasks(db, [execution.id])).get(execution.id)
  const { total = 0, done = 0 } = task?.attributes ?? {}
  return {
    executionId: execution.id,
    status: execution.status,
    message: task?.statusMessage ?? execution.statusMessage,
    total: Number(total),
    done: Number(done),
  }
}

export interface RepositoryRestoration {
  project: { id: number; name: string }
  id: number
  /** What it is to be called; undefined: as before. */
  name: string | undefined
  actor: Actor
}

/**
 * Brings back a deleted repository as it was: artifacts, tags, labels, times, counts, and those of its former names that are
 * free. It counts in the project again, as a whole or not at all. A large one is counted by an execution (`job.ts`), whose id
 * is answered: nobody sees it before that is done, and its name is taken.
 *
 * Throws not-found, bad-request for an illegal name, conflict where the name is in use or it is being restored already, and
 * QuotaExceededError.
 */
export async function restoreRepository(
  deps: RepositoryTrashDeps,
  { project, id, name, actor }: RepositoryRestoration,
): Promise<{ repository: string; executionId: number | undefined }> {
  if (name !== undefined && parseRepositoryName(`${project.name}/${name}`)?.repository !== name) {
    throw new DomainError('bad-request', `invalid repository name: ${name}`)
  }
  const answer = await transact(deps.db, async (tx) => {
    await lockNames(tx)
    const found = await findTrashed(tx, project.id, id)
    if (!found) throw notFound(id)
    const to = name ?? found.name
    const named = await findNamed(tx, project.id, to)
    await lockRepositories(tx, named ? [id, named.id] : [id])
    const trashed = await lockTrashed(tx, project.id, id)
    if (!trashed || !(await holdProject(tx, project.id))) throw notFound(id)
    if (trashed.restoreExecution !== undefined) throw isBeingRestored()
    await refuseTaken(tx, project, to, named?.id)
    const repository = `${project.name}/${to}`
    const artifacts = await findNextArtifacts(tx, id, '', MAX_COUNTED_AT_ONCE + 1)
    if (artifacts.length > MAX_COUNTED_AT_ONCE) {
      return { repository, executionId: await order(tx, project, { id, name: to, actor }) }
    }
    const ids = artifacts.map((artifact) => artifact.id)
    await countAgain(tx, deps.quotas, project.id, await listOfferedBlobs(tx, id, ids))
    await bringBack(tx, { repositoryId: id, projectId: project.id, projectName: project.name, actor }, to)
    return { repository, executionId: undefined }
  })
  // An unseen repository has perhaps given way.
  deps.onDeleted()
  return answer
}

/** What has the name keeps it, but for a repository that nobody has pushed a manifest to: it gives way. */
async function refuseTaken(
  tx: Database,
  project: { id: number; name: string },
  name: string,
  lockedId: number | undefined,
): Promise<void> {
  const named = await findNamed(tx, project.id, name)
  // Whoever was about to push the first manifest has come first, or is told that the repository is gone, and tries again.
  if (named && (named.published || named.restoring)) throw taken(name)
  if (await findAliasTarget(tx, project.id, name)) {
    throw new DomainError(
      'conflict',
      `${project.name}/${name} is the former name of another repository: drop that, or restore under another name`,
    )
  }
  if (!named) return
  if (named.id !== lockedId) throw new Overtaken()
  await markRepositoryDeleted(tx, named.id)
}

async function order(
  tx: Database,
  project: { id: number; name: string },
  { id, name, actor }: { id: number; name: string; actor: Actor },
): Promise<number> {
  const input: RestoreInput = { repositoryId: id, projectId: project.id, projectName: project.name, actor }
  const executionId = await startExecution(tx, {
    vendorType: REPOSITORY_RESTORE,
    vendorId: id,
    trigger: 'MANUAL',
    attributes: { repository: `${project.name}/${name}` },
    tasks: [{ kind: REPOSITORY_RESTORE, input }],
  })
  await beginRestoration(tx, id, { name, executionId })
  return executionId
}

/** The end of a restoration: the (locked) repository is there again, and that is told. */
export async function bringBack(tx: Database, input: RestoreInput, name: string): Promise<void> {
  const { repositoryId, projectId, projectName, actor } = input
  await reviveRepository(tx, repositoryId, name)
  await emit(tx, {
    type: 'repository.restored',
    payload: { projectId, projectName, repositoryId, repository: name, actor },
  })
}

/**
 * Takes a deleted repository out of the trash, with what of its own is in there, and the bytes out of the store, grace or
 * not, as far as nothing else references them. Answers whether that is done; a large one goes behind the answer. Throws
 * not-found, and conflict while it is being restored.
 */
export async function purgeRepository(
  deps: RepositoryTrashDeps,
  project: { id: number; name: string },
  id: number,
  actor: Actor,
): Promise<boolean> {
  const isSmall = await transact(deps.db, async (tx) => {
    const trashed = await lockTrashed(tx, project.id, id)
    if (!trashed) throw notFound(id)
    if (trashed.restoreExecution !== undefined) throw isBeingRestored()
    const artifacts = await findNextArtifacts(tx, id, '', MAX_COUNTED_AT_ONCE + 1)
    await markPurged(tx, id)
    const { projectId, projectName, name } = trashed
    await emit(tx, {
      type: 'repository.purged',
      payload: { projectId, projectName, repositoryId: id, repository: name, actor },
    })
    return artifacts.length <= MAX_COUNTED_AT_ONCE
  })
  if (isSmall) return await removeRepository(deps, id)
  deps.onDeleted()
  return false
}

function isBeingRestored(): DomainError {
  return new DomainError('conflict', 'the repository is being restored')
}

function taken(name: string): DomainError {
  return new DomainError('conflict', `a repository has the name ${name}: restore under another name`)
}

function notFound(id: number): DomainError {
  return new DomainError('not-found', `deleted repository ${id} not found`)
}
