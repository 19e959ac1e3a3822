import type { Actor } from '../access/model.ts'
import type { Database } from '../platform/db/database.ts'
import { Overtaken, transact } from '../platform/db/transact.ts'
import { emit } from '../platform/events/outbox.ts'
import { holdRepository } from '../repositories/store.ts'
import { ArtifactReferencedError } from './errors.ts'
import type { RepositoryNames } from './events.ts'
import { findRelatives, lockForDeletion } from './family-store.ts'
import { refuseDeletion } from './immutable.ts'
import { deleteArtifactRows, idsOf, lockArtifacts, lockTags, relist } from './listed-store.ts'
import { releaseArtifacts } from './release.ts'
import type { ArtifactPlace, ArtifactsDeps } from './service.ts'
import { findArtifactId, isListedByIndex } from './store.ts'
import { deleteTagRow, listTagsOfArtifacts, lockTagsOfArtifacts } from './tag-store.ts'
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
    const locked = await lockFamily(tx, repositoryId, { id, digest })
    if (!locked) return false
    const { family, familyTags, tags } = locked
    await refuseDeletion(tx, deps, place.repository, tags)
    if (await isListedByIndex(tx, repositoryId, digest)) throw new ArtifactReferencedError(digest)

    if (onlyIf && !(await onlyIf(tx))) return false

    const ids = [...family.keys()]
    if (deps.trashDays > 0) {
      const username = actor?.username ?? NOBODY
      await insertTrash(tx, { rootId: id, artifactIds: ids, username, days: deps.trashDays })
    }
    await releaseArtifacts(tx, repositoryId, ids, () => deleteArtifactRows(tx, ids))
    await also?.(tx)
    await emit(tx, {
      type: 'artifact.deleted',
      payload: {
        ...namesOf(place),
        artifactId: id,
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
    const affected = idsOf(await lockArtifacts(tx, repositoryId, { ids: named, digests: [] }))
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

interface Family {
  /** Digests by id, the root's included. */
  family: Map<number, string>
  /** Those of the root. */
  tags: string[]
  /** Those of the others. */
  familyTags: { name: string; digest: string }[]
}

/**
 * Locks everything that goes with the artifact, itself included; undefined where it is gone. Tags come before artifacts and each
 * all at once, as everybody takes them: so the family is found first and looked at again under the locks. What has come to
 * it between would go unlocked: then all begins again.
 */
async function lockFamily(
  tx: Database,
  repositoryId: number,
  root: { id: number; digest: string },
): Promise<Family | undefined> {
  const before = [...(await findFamily(tx, repositoryId, root)).keys()]
  const lockedTags = new Set(await lockTagsOfArtifacts(tx, before))
  const locked = new Set(await lockForDeletion(tx, before))
  if (!locked.has(root.id)) return undefined
  const family = await findFamily(tx, repositoryId, root)
  const ids = [...family.keys()]
  const named = await listTagsOfArtifacts(tx, ids)
  if (ids.some((id) => !locked.has(id)) || named.some(({ name }) => !lockedTags.has(name))) {
    throw new Overtaken()
  }
  return {
    family,
    tags: named.filter(({ digest }) => digest === root.digest).map(({ name }) => name),
    familyTags: named.filter(({ digest }) => digest !== root.digest),
  }
}

/** Everything that goes with the artifact, itself included: digests by id. `gone`: what counts as deleted already. */
export async function findFamily(
  tx: Database,
  repositoryId: number,
  root: { id: number; digest: string },
  gone: ReadonlySet<number> = new Set(),
): Promise<Map<number, string>> {
  const family = new Map([[root.id, root.digest]])
  let newest = [root]
  while (newest.length > 0) {
    const relatives = await findRelatives(tx, repositoryId, newest)
    newest = relatives.filter(
      ({ id, accessory, tagged, parents }) =>
        !family.has(id) &&
        !gone.has(id) &&
        parents.every((parent) => family.has(parent) || gone.has(parent)) &&
        (accessory || !tagged),
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
