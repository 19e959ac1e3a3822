import type { Actor } from '../../../access/model.ts'
import type { Database } from '../../../platform/db/database.ts'
import type { Page } from '../../../platform/db/list.ts'
import { Overtaken, transact } from '../../../platform/db/transact.ts'
import { DomainError } from '../../../platform/errors.ts'
import { emit } from '../../../platform/events/outbox.ts'
import { holdRepository } from '../../../repositories/store.ts'
import { namesOf } from '../../deletion.ts'
import { idsOf, lockArtifacts, lockTags, relist } from '../../listed-store.ts'
import type { ArtifactPlace } from '../../service.ts'
import { findArtifactId } from '../../store.ts'
import { insertTag } from '../../tag-store.ts'
import { restoreArtifact, type TrashDeps, unlessSomebodyElseHas } from '../service.ts'
import { findTrashOfDigest } from '../store.ts'
import type { TrashedTag } from './model.ts'
import { deleteTrashedTag, findTrashedTag, selectTrashedTags } from './store.ts'

/** One page of the deleted tags of a project, and how many there are. */
export function listTrashedTags(
  deps: { db: Database },
  projectId: number,
  page: Page,
): Promise<{ tags: TrashedTag[]; total: number }> {
  return selectTrashedTags(deps.db, projectId, page)
}

export interface TagRestoration {
  projectId: number
  id: number
  /** Whether the artifact, too, may be taken out of the trash. */
  mayRestore: boolean
  actor: Actor
}

/**
 * Lets a deleted tag name its artifact again. Where that is in the trash by now it is restored first, with all that this takes.
 * Throws conflict where a tag has the name, not-found, forbidden where the artifact is in the trash and `mayRestore` is not
 * given.
 */
export async function restoreTag(
  deps: TrashDeps,
  { projectId, id, mayRestore, actor }: TagRestoration,
): Promise<{ tag: TrashedTag; restored: boolean }> {
  const tag = await getTrashedTag(deps, projectId, id)
  if (await nameAgain(deps, tag, actor)) return { tag, restored: false }

  const trashId = await findTrashOfDigest(deps.db, tag.repositoryId, tag.digest)
  if (trashId === undefined) throw gone(tag)
  if (!mayRestore) throw new DomainError('forbidden', 'forbidden')
  await restoreArtifact(deps, projectId, trashId, actor).catch(unlessSomebodyElseHas)
  if (!(await nameAgain(deps, tag, actor))) throw gone(tag)
  return { tag, restored: true }
}

/** Answers whether the artifact is there to point at. Locks are those of a push, in its order. */
function nameAgain(deps: Pick<TrashDeps, 'db'>, tag: TrashedTag, actor: Actor): Promise<boolean> {
  const { repositoryId, name, digest } = tag
  const place = placeOf(tag)
  return transact(deps.db, async (tx) => {
    if (!(await holdRepository(tx, place.repository))) throw notFound(tag.id)
    if ((await lockTags(tx, repositoryId, [name])).length > 0) {
      throw new DomainError('conflict', `tag ${name} is in use`)
    }
    const artifactId = await findArtifactId(tx, repositoryId, digest)
    if (artifactId === undefined) return false
    const locked = await lockArtifacts(tx, repositoryId, { ids: [artifactId], digests: [] })
    if (locked.length === 0) return false
    if (!(await insertTag(tx, repositoryId, artifactId, name))) throw new Overtaken()
    if (!(await deleteTrashedTag(tx, tag.id))) throw notFound(tag.id)
    await relist(tx, idsOf(locked))
    await emit(tx, { type: 'tag.restored', payload: { ...namesOf(place), tag: name, digest, actor } })
    return true
  })
}

/** Takes a deleted tag out of the trash; what it named stays. Throws not-found. */
export async function purgeTag(
  deps: { db: Database },
  projectId: number,
  id: number,
  actor: Actor,
): Promise<void> {
  const tag = await getTrashedTag(deps, projectId, id)
  await transact(deps.db, async (tx) => {
    if (!(await deleteTrashedTag(tx, id))) throw notFound(id)
    const { name, digest } = tag
    await emit(tx, { type: 'tag.purged', payload: { ...namesOf(placeOf(tag)), tag: name, digest, actor } })
  })
}

async function getTrashedTag(deps: { db: Database }, projectId: number, id: number): Promise<TrashedTag> {
  const tag = await findTrashedTag(deps.db, projectId, id)
  if (!tag) throw notFound(id)
  return tag
}

function placeOf({ repositoryId, projectId, repositoryName, projectName }: TrashedTag): ArtifactPlace {
  return { repository: { id: repositoryId, projectId, name: repositoryName }, projectName }
}

function notFound(id: number): DomainError {
  return new DomainError('not-found', `deleted tag ${id} not found`)
}

function gone({ projectName, repositoryName, digest }: TrashedTag): DomainError {
  return new DomainError('not-found', `artifact ${projectName}/${repositoryName}@${digest} is gone for good`)
}
