import type { Actor } from '../../access/model.ts'
import type { Database } from '../../platform/db/database.ts'
import type { Page } from '../../platform/db/list.ts'
import { Overtaken, transact } from '../../platform/db/transact.ts'
import { DomainError } from '../../platform/errors.ts'
import { emit } from '../../platform/events/outbox.ts'
import { getByKey, type RepositoryKey } from '../../repositories/service.ts'
import { holdRepository } from '../../repositories/store.ts'
import { namesOf } from '../deletion.ts'
import { refuseMoves, tagsAt } from '../immutable.ts'
import { idsOf, lockArtifacts, lockTags, relist } from '../listed-store.ts'
import type { ArtifactPlace } from '../service.ts'
import { findArtifactId } from '../store.ts'
import { insertTag, upsertTags } from '../tag-store.ts'
import { restoreArtifact, type TrashDeps, unlessSomebodyElseHas } from '../trash/service.ts'
import { findTrashOfDigest } from '../trash/store.ts'
import type { TagHistoryEntry } from './model.ts'
import { hasPointedTo, selectHistory } from './store.ts'

/** One page of what a tag has pointed to, the newest change first. Throws not-found where there is no such repository. */
export async function listTagHistory(
  deps: { db: Database },
  key: RepositoryKey,
  tag: string,
  page: Page,
): Promise<{ entries: TagHistoryEntry[]; total: number }> {
  const repository = await getByKey(deps, key)
  return await selectHistory(deps.db, repository.id, tag, page)
}

/** What is to point where. */
export interface RollbackRequest {
  key: RepositoryKey
  tag: string
  digest: string
  /** Whether he may take the artifact out of the trash, if it is there. */
  mayRestore: boolean
  actor: Actor
}

/**
 * Points a tag again at what it has pointed to before. Where that is in the trash it is restored first, as by
 * `restoreArtifact`: it stays restored, should somebody else move the tag meanwhile. Answers the repository's name, and
 * whether it was in the trash. Throws not-found, forbidden, ImmutableTagError, and QuotaExceededError where there is no room.
 */
export async function rollBackTag(
  deps: TrashDeps,
  { key, tag, digest, mayRestore, actor }: RollbackRequest,
): Promise<{ repository: string; restored: boolean }> {
  const { id, projectId, name, projectName } = await getByKey(deps, key)
  const place = { repository: { id, projectId, name }, projectName }
  const repository = `${projectName}/${name}`
  if (!(await hasPointedTo(deps.db, id, tag, digest))) {
    throw new DomainError('not-found', `${digest} is not in the history of tag ${tag}`)
  }
  if (await moveTag(deps, place, { tag, digest, actor })) return { repository, restored: false }

  const trashId = await findTrashOfDigest(deps.db, id, digest)
  if (trashId !== undefined) {
    if (!mayRestore) throw new DomainError('forbidden', 'forbidden')
    await restoreArtifact(deps, projectId, trashId, actor).catch(unlessSomebodyElseHas)
  }
  // Also where it was in neither place: somebody else may have restored it between the two looks.
  if (!(await moveTag(deps, place, { tag, digest, actor }))) throw gone(repository, digest)
  return { repository, restored: trashId !== undefined }
}

/** Answers whether the artifact is there to point at. Locks are those of a push, in its order. */
function moveTag(
  deps: Pick<TrashDeps, 'db' | 'findImmutable'>,
  place: ArtifactPlace,
  { tag, digest, actor }: Pick<RollbackRequest, 'tag' | 'digest' | 'actor'>,
): Promise<boolean> {
  const repositoryId = place.repository.id
  return transact(deps.db, async (tx) => {
    if (!(await holdRepository(tx, place.repository))) {
      throw new DomainError('not-found', 'the repository is gone')
    }
    const named = await lockTags(tx, repositoryId, [tag])
    if (named.length > 0) await refuseMoves(tx, deps, place.repository, tagsAt(digest, [tag]))
    const id = await findArtifactId(tx, repositoryId, digest)
    if (id === undefined) return false
    const locked = idsOf(await lockArtifacts(tx, repositoryId, { ids: [...named, id], digests: [] }))
    if (!locked.includes(id)) return false
    if (named.includes(id)) return true

    if (named.length > 0) await upsertTags(tx, repositoryId, id, [tag])
    else if (!(await insertTag(tx, repositoryId, id, tag))) throw new Overtaken()
    await relist(tx, locked)
    await emit(tx, { type: 'tag.rolled_back', payload: { ...namesOf(place), tag, digest, actor } })
    return true
  })
}

function gone(repository: string, digest: string): DomainError {
  return new DomainError('not-found', `artifact ${repository}@${digest} is gone for good`)
}
