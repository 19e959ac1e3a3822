import type { Actor } from '../../access/model.ts'
import { isTag } from '../../oci/reference.ts'
import type { Database } from '../../platform/db/database.ts'
import type { Filter, Order, Page } from '../../platform/db/list.ts'
import { transact } from '../../platform/db/transact.ts'
import { nearestWindow } from '../../platform/db/window.ts'
import { DomainError } from '../../platform/errors.ts'
import { emit } from '../../platform/events/outbox.ts'
import { holdRepository } from '../../repositories/store.ts'
import { namesOf } from '../deletion.ts'
import { countTags, selectTags, type TagField } from '../detail-store.ts'
import { idsOf, lockArtifacts, relist } from '../listed-store.ts'
import type { ListedArtifact, ListedTag } from '../model.ts'
import { placeOf } from '../reading.ts'
import { insertTag } from '../tag-store.ts'

/**
 * Gives an artifact a tag that the repository does not have yet. Throws bad-request for what is no tag, conflict
 * where it names something already, not-found where the artifact is gone.
 */
export async function createTag(
  deps: { db: Database },
  artifact: ListedArtifact,
  name: string,
  actor: Actor,
): Promise<void> {
  if (!isTag(name)) throw new DomainError('bad-request', `invalid tag name: ${name}`)
  const { repositoryId, id, digest } = artifact
  await transact(deps.db, async (tx) => {
    const held = await holdRepository(tx, placeOf(artifact).repository)
    const locked = held ? await lockArtifacts(tx, repositoryId, { ids: [id], digests: [] }) : []
    if (locked.length === 0) throw new DomainError('not-found', `artifact ${digest} not found`)
    if (!(await insertTag(tx, repositoryId, id, name))) {
      throw new DomainError('conflict', `tag ${name} already exists under the repository ${repositoryId}`)
    }
    await relist(tx, idsOf(locked))
    const names = namesOf(placeOf(artifact))
    await emit(tx, { type: 'tag.created', payload: { ...names, tag: name, digest, actor } })
  })
}

export interface TagListRequest {
  filters: readonly Filter<TagField>[]
  orders: readonly Order<TagField>[]
  page: Page
}

/** One page of the tags of an artifact, the newest first unless told otherwise, and how many there are in all. */
export async function listTags(
  deps: { db: Database },
  artifactId: number,
  { filters, orders, page }: TagListRequest,
): Promise<{ tags: ListedTag[]; total: number }> {
  const total = await countTags(deps.db, artifactId, filters)
  return { tags: await selectTags(deps.db, artifactId, filters, orders, nearestWindow(page, total)), total }
}
