import type { Actor } from '../../access/model.ts'
import { endGrace } from '../../blobs/collect-store.ts'
import { offerBlobs } from '../../blobs/store.ts'
import { type Manifest, parseManifest } from '../../oci/manifest.ts'
import type { Database } from '../../platform/db/database.ts'
import type { Page } from '../../platform/db/list.ts'
import { transact } from '../../platform/db/transact.ts'
import { DomainError } from '../../platform/errors.ts'
import { emit } from '../../platform/events/outbox.ts'
import { findRepository } from '../../repositories/store.ts'
import { namesOf } from '../deletion.ts'
import { ReferencesUnknownError } from '../errors.ts'
import { classifyPush, holdNames, lockForPushes, type ManifestPush, storeManifest } from '../push.ts'
import { findUsed } from '../reference-store.ts'
import type { ArtifactsDeps } from '../service.ts'
import { findTagsThatExist } from '../tag-store.ts'
import type { TrashedArtifact, TrashedManifest } from './model.ts'
import { deleteExpired, deleteTrash, findManifests, findTrash, lockTrash, selectTrash } from './store.ts'
import { deleteExpiredTags, deleteTrashedTagsOf } from './tags/store.ts'

export interface TrashDeps extends ArtifactsDeps {
  /**
   * Takes the bytes of blobs out of the store now and for good, those that nothing references. Answers false where the store
   * refused: then they go later. From `gc`.
   */
  reclaim(blobIds: readonly number[]): Promise<boolean>
}

/** One page of what can be restored in a project, and how much there is. */
export function listTrash(
  deps: { db: Database },
  projectId: number,
  page: Page,
): Promise<{ artifacts: TrashedArtifact[]; total: number }> {
  return selectTrash(deps.db, projectId, page)
}

/** What a restored artifact has got back. */
export interface Restored {
  artifact: TrashedArtifact
  /** Tags that name it again; those that name something else by now are left alone. */
  tags: string[]
}

/**
 * Puts a deleted artifact back where its repository is now, with what was deleted with it: all of it or nothing. It
 * counts in the project again. Throws not-found, conflict where something that it lists is gone, and QuotaExceededError where
 * there is no room.
 */
export async function restoreArtifact(
  deps: TrashDeps,
  projectId: number,
  id: number,
  actor: Actor,
): Promise<Restored> {
  const artifact = await getTrash(deps, projectId, id)
  const repository = await findRepository(deps.db, projectId, artifact.repositoryName)
  if (repository?.id !== artifact.repositoryId) throw notFound(id)
  const place = { repository, projectName: artifact.projectName }
  const pushes: ManifestPush[] = inOrder(await findManifests(deps.db, id)).map(({ trashed, manifest }) => ({
    ...place,
    digest: trashed.digest,
    body: trashed.body,
    manifest,
    tags: trashed.tags,
    actor,
  }))
  const classified = await Promise.all(pushes.map((push) => classifyPush(deps, push)))

  return await refuseIncomplete(artifact, () =>
    transact(deps.db, async (tx) => {
      await holdNames(tx, repository)
      if (!(await lockTrash(tx, id))) throw notFound(id)
      const wanted = pushes.flatMap((push) => push.tags.map((name) => ({ name, digest: push.digest })))
      const names = wanted.map((tag) => tag.name)
      const taken = new Set(await findTagsThatExist(tx, repository.id, names))
      // Somebody may have withdrawn them from the repository; the trash has kept their bytes.
      await offerBlobs(tx, repository.id, await deleteTrash(tx, id))
      const untaken = pushes.map((push) => ({
        ...push,
        tags: push.tags.filter((tag) => !taken.has(tag)),
        onlyNewTags: true,
      }))
      await lockForPushes(tx, deps, repository, untaken)
      for (const [at, push] of untaken.entries()) {
        const classification = classified[at]
        if (classification) await storeManifest(tx, deps, push, classification)
      }
      const back = wanted.filter((tag) => !taken.has(tag.name))
      const { digest } = artifact
      await emit(tx, {
        type: 'artifact.restored',
        payload: {
          ...namesOf(place),
          digest,
          tags: back.filter((tag) => tag.digest === digest).map((tag) => tag.name),
          family: pushes.map((push) => push.digest).filter((each) => each !== digest),
          familyTags: back.filter((tag) => tag.digest !== digest),
          actor,
        },
      })
      return { artifact, tags: back.map((tag) => tag.name) }
    }),
  )
}

/** An index outlives what it lists where that was purged: then it cannot come back alone. */
async function refuseIncomplete<Result>(
  { projectName, repositoryName, digest }: TrashedArtifact,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof ReferencesUnknownError)) throw error
    const name = `${projectName}/${repositoryName}@${digest}`
    throw new DomainError('conflict', `artifact ${name} lists what is gone: ${error.digests.join(', ')}`)
  }
}

/**
 * Takes a deleted artifact out of the trash, and its bytes out of the store at once, grace or not: for secrets that must
 * not stay. What others reference stays. Answers false where the store refused some: they go later. Throws not-found.
 */
export async function purgeArtifact(
  deps: TrashDeps,
  projectId: number,
  id: number,
  actor: Actor,
): Promise<boolean> {
  const artifact = await getTrash(deps, projectId, id)
  const { repositoryId, repositoryName: name, projectName, digest } = artifact
  const place = { repository: { id: repositoryId, projectId, name }, projectName }
  const blobIds = await transact(deps.db, async (tx) => {
    if (!(await lockTrash(tx, id))) throw notFound(id)
    await deleteTrashedTagsOf(tx, id)
    const ids = await deleteTrash(tx, id)
    // Should we not come to it ourselves, the next collection does.
    const used = new Set(await findUsed(tx, ids))
    await endGrace(
      tx,
      ids.filter((blobId) => !used.has(blobId)),
    )
    await emit(tx, { type: 'artifact.purged', payload: { ...namesOf(place), digest, actor } })
    return ids
  })
  return await deps.reclaim(blobIds)
}

const BATCH = 500

/** Takes out of the trash what has been in it long enough; collection does the rest. */
export async function emptyTrash(deps: { db: Database }): Promise<void> {
  while ((await deleteExpired(deps.db, BATCH)) === BATCH);
  while ((await deleteExpiredTags(deps.db, BATCH)) === BATCH);
}

async function getTrash(deps: { db: Database }, projectId: number, id: number): Promise<TrashedArtifact> {
  const artifact = await findTrash(deps.db, projectId, id)
  if (!artifact) throw notFound(id)
  return artifact
}

/** For those who restore what they need: two of them at once restore it once. */
export function unlessSomebodyElseHas(error: unknown): void {
  if (!(error instanceof DomainError) || error.kind !== 'not-found') throw error
}

/** Children before the indexes that list them. */
function inOrder(all: readonly TrashedManifest[]): { trashed: TrashedManifest; manifest: Manifest }[] {
  const todo = all.map((trashed) => ({ trashed, manifest: parseManifest(trashed.body, trashed.mediaType) }))
  const done: typeof todo = []
  while (todo.length > 0) {
    const waiting = new Set(todo.map(({ trashed }) => trashed.digest))
    const at = todo.findIndex(({ manifest }) => manifest.children.every(({ digest }) => !waiting.has(digest)))
    done.push(...todo.splice(Math.max(at, 0), 1))
  }
  return done
}

function notFound(id: number): DomainError {
  return new DomainError('not-found', `deleted artifact ${id} not found`)
}
