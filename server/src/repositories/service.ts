import type { Actor } from '../access/model.ts'
import type { Database } from '../platform/db/database.ts'
import { transact } from '../platform/db/transact.ts'
import { DomainError } from '../platform/errors.ts'
import { emit } from '../platform/events/outbox.ts'
import { lockRepository, markRepositoryDeleted } from './deletion-store.ts'
import type { RepositoryEvent } from './events.ts'
import { findListedRepository } from './list-store.ts'
import { escapeDescription, type ListedRepository, type Repository } from './model.ts'
import { findAliasTarget, lockNames } from './names/store.ts'
import { findRepository, insertRepository, updateDescription } from './store.ts'
import { findNamed } from './trash-store.ts'

export interface RepositoriesDeps {
  db: Database
}

/**
 * Gives back at once, if it is not too much, what a deleted repository alone had in its project; answers whether it did.
 * From `artifacts`.
 */
export type ReleaseUsage = (tx: Database, repositoryId: number) => Promise<boolean>

/** What a repository lists, the newest first and not more than can be told: digests with their tags. From `artifacts`. */
export type TellContent = (
  tx: Database,
  repositoryId: number,
) => Promise<readonly { digest: string; tags: readonly string[] }[]>

/** Throws where something in the (locked) repository is to stay. From `artifacts`. */
export type RefuseDeletion = (tx: Database, repository: ListedRepository) => Promise<void>

/** A repository as a caller names it: by names, in a project that he was let into. */
export interface RepositoryKey {
  projectId: number
  /** The project as the caller calls it, for what he is told. */
  project: string
  /** Relative to the project. */
  name: string
}

/**
 * The repository of that name in the project, created where there is none: unseen until its
 * first manifest. Throws not-found where the project is gone, forbidden where the name is an alias.
 */
export async function ensureRepository(
  deps: RepositoriesDeps,
  projectId: number,
  name: string,
): Promise<Repository> {
  const known = await findRepository(deps.db, projectId, name)
  if (known) return known
  if (await findAliasTarget(deps.db, projectId, name)) {
    throw new DomainError(
      'forbidden',
      `${name} is the former name of a repository and good for pulls only, until its alias is dropped`,
    )
  }

  await insertRepository(deps.db, projectId, name)
  const created = await findRepository(deps.db, projectId, name)
  if (created) return created
  if (await findNamed(deps.db, projectId, name)) {
    throw new DomainError('forbidden', `${name} is being restored out of the trash: try again later`)
  }
  throw new DomainError('not-found', 'the project is gone')
}

/** The published repository that the key names, now or formerly; undefined where there is none. */
export async function findByKey(
  deps: RepositoriesDeps,
  key: RepositoryKey,
): Promise<ListedRepository | undefined> {
  const repository = await findRepository(deps.db, key.projectId, key.name)
  return repository?.published ? await findListedRepository(deps.db, repository.id) : undefined
}

/** The published repository that the key names; throws not-found. */
export async function getByKey(deps: RepositoriesDeps, key: RepositoryKey): Promise<ListedRepository> {
  const repository = await findByKey(deps, key)
  if (!repository) throw notFound(key)
  return repository
}

/** Describes a repository. Throws not-found. */
export async function describeRepository(
  deps: RepositoriesDeps,
  key: RepositoryKey,
  description: string,
  actor: Actor,
): Promise<void> {
  const repository = await getByKey(deps, key)
  await deps.db.transaction().execute(async (tx) => {
    const done = await updateDescription(tx, repository, escapeDescription(description))
    if (!done) throw notFound(key)
    await emit(tx, { type: 'repository.updated', payload: payloadOf(repository, actor) })
  })
}

export interface DeletionDeps extends RepositoriesDeps {
  /** How long deleted repositories can be restored; 0: not at all. */
  trashDays: number
  releaseUsage: ReleaseUsage
  refuseDeletion: RefuseDeletion
  tellContent: TellContent
}

/**
 * Deletes a repository. Its name is free at once and what was in it cannot be found any more; the rows stay for
 * `trashDays`, in which it can be restored, and go later (`artifacts/sweep.ts`), so that it takes no longer for many
 * of them. Throws not-found, and what `refuseDeletion` does.
 */
export async function deleteRepository(deps: DeletionDeps, key: RepositoryKey, actor: Actor): Promise<void> {
  const repository = await getByKey(deps, key)
  await transact(deps.db, async (tx) => {
    await lockNames(tx)
    if (!(await lockRepository(tx, repository))) throw notFound(key)
    await deps.refuseDeletion(tx, repository)
    const released = await deps.releaseUsage(tx, repository.id)
    const trash = { days: deps.trashDays, username: actor.username, released }
    await markRepositoryDeleted(tx, repository.id, deps.trashDays > 0 ? trash : undefined)
    const artifacts = await deps.tellContent(tx, repository.id)
    await emit(tx, { type: 'repository.deleted', payload: { ...payloadOf(repository, actor), artifacts } })
  })
}

function payloadOf(repository: ListedRepository, actor: Actor): RepositoryEvent {
  return {
    projectId: repository.projectId,
    projectName: repository.projectName,
    repositoryId: repository.id,
    repository: repository.name,
    actor,
  }
}

function notFound({ project, name }: RepositoryKey): DomainError {
  return new DomainError('not-found', `repository ${project}/${name} not found`)
}
