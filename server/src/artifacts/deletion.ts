import type { Actor } from '../access/model.ts'
import type { Database } from '../platform/db/database.ts'
import { Overtaken, transact } from '../platform/db/transact.ts'
import { emit } from '../platform/events/outbox.ts'
import { holdRepository } from '../repositories/store.ts'
import { ArtifactReferencedError } from './errors.ts'
import type { RepositoryNames } from './events.ts'
import { lockRelatives } from './family-store.ts'
import { refuseDeletion } from './immutable.ts'
import { deleteArtifactRows, lockArtifacts, lockTags, relist } from './listed-store.ts'
import { releaseArtifacts } from './release.ts'
import type { ArtifactPlace, ArtifactsDeps } from './service.ts'
import { findArtifactId, isListedByIndex, lockArtifact } from './store.ts'
import { deleteTagRow, listTagsOfArtifacts, lockTagsOfArtifact } from './tag-store.ts'
import { insertTrash } from './trash/store.ts'
import { insertTrashedTag } from './trash/tags/store.ts'

/** Who has deleted what no person has. */
const NOBODY = 'system'

/** What the caller has to say within the transaction of a deletion. */
export interface WithDeletion {
  /** Asked while artifact and tags are locked, so that nothing can come to it any more; with false it stays. */
  onlyIf?(tx: Database): Promise<boolean>
  /** Done with it, or not at all. */
  also?(tx: Database): Promise<void>
}

/**
 * Deletes an artifact and all its tags at once; answers whether it was there. It can be restored for `trashDays`
 * (`trash/`). With it go its accessories, and the
 * children that have no tag and no other index to list them, each with its own.
 *
 * @throws {ArtifactReferencedError} an index lists it.
 * @throws {ImmutableTagError} one of its tags is to stay.
 */
export async function deleteArtifact(
  deps: Pick<ArtifactsDeps, 'db' | 'trashDays' | 'findImmutable'>,
  place: ArtifactPlace,
  digest: string,
  actor: Actor | undefined,
  { onlyIf, also }: WithDeletion = {},
): Promise<boolean> {
  const repositoryId = place.repository.id
  return await transact(deps.db, async (tx) => {
    if (!(await holdRepository(tx, place.repository))) return false
    const id = await findArtifactId(tx, repositoryId, digest)
    if (id === undefined) return false
    // Tags before artifacts, as everybody does.
    const lockedTags = await lockTagsOfArtifact(tx, id)
    const artifact = await lockArtifact(tx, repositoryId, digest)
    if (!artifact) return false
    // From here on nobody points a tag at it. One that came between the two locks would go unlocked.
    const tags = (await listTagsOfArtifacts(tx, [id])).map(({ name }) => name)
    if (tags.some((tag) => !lockedTags.includes(tag))) throw new Overtaken()
    await refuseDeletion(tx, deps, place.repository, tags)
    if (await isListedByIndex(tx, repositoryId, digest)) throw new ArtifactReferencedError(digest)

    if (onlyIf && !(await onlyIf(tx))) return false

    const family = await lockFamily(tx, repositoryId, artifact)
    const ids = [...family.keys()]
    const familyTags = await listTagsOfArtifacts(
      tx,
      ids.filter((member) => member !== artifact.id),
    )
    if (deps.trashDays > 0) {
      const username = actor?.username ?? NOBODY
      await insertTrash(tx, { rootId: artifact.id, artifactIds: ids, username, days: deps.trashDays })
    }
    await releaseArtifacts(tx, repositoryId, ids, () => deleteArtifactRows(tx, ids))
    await also?.(tx)
    await emit(tx, {
      type: 'artifact.deleted',
      payload: {
        ...namesOf(place),
        artifactId: artifact.id,
        digest,
        tags,
        // What went with it.
        family: [...family.values()].filter((member) => member !== digest),
        familyTags,
        actor,
      },
    })
    return true
  })
}

/**
 * Removes a tag and leaves its artifact; answers whether it was there. With `artifactId`, only if it names that one. It can
 * be restored for `trashDays`.
 */
export async function deleteTag(
  deps: Pick<ArtifactsDeps, 'db' | 'trashDays' | 'findImmutable'>,
  place: ArtifactPlace,
  tag: string,
  actor: Actor | undefined,
  artifactId?: number,
): Promise<boolean> {
  const repositoryId = place.repository.id
  return await transact(deps.db, async (tx) => {
    if (!(await holdRepository(tx, place.repository))) return false
    const named = await lockTags(tx, repositoryId, [tag])
    if (named.length === 0 || (artifactId !== undefined && !named.includes(artifactId))) return false

    await refuseDeletion(tx, deps, place.repository, [tag])
    const affected = await lockArtifacts(tx, repositoryId, { ids: named, digests: [] })
    const digest = await deleteTagRow(tx, repositoryId, tag)
    await relist(tx, affected)
    if (deps.trashDays > 0 && digest !== undefined) {
      const username = actor?.username ?? NOBODY
      await insertTrashedTag(tx, { repositoryId, name: tag, digest, username, days: deps.trashDays })
    }
    await emit(tx, { type: 'tag.deleted', payload: { ...namesOf(place), tag, digest, actor } })
    return true
  })
}

/** Everything that goes with the artifact, itself included: digests by id, locked. */
async function lockFamily(
  tx: Database,
  repositoryId: number,
  root: { id: number; digest: string },
): Promise<Map<number, string>> {
  const family = new Map([[root.id, root.digest]])
  let newest = [root]
  while (newest.length > 0) {
    const relatives = await lockRelatives(tx, repositoryId, newest)
    newest = relatives.filter(
      ({ id, accessory, tagged, parents }) =>
        !family.has(id) && parents.every((parent) => family.has(parent)) && (accessory || !tagged),
    )
    for (const { id, digest } of newest) family.set(id, digest)
  }
  return family
}

/** What an event says of where something happened. */
export function namesOf({ repository, projectName }: ArtifactPlace): RepositoryNames {
  const { id: repositoryId, projectId, name } = repository
  return { projectId, projectName, repositoryId, repository: name }
}
