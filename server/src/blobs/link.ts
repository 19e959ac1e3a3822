import type { Database } from '../platform/db/database.ts'
import { DomainError } from '../platform/errors.ts'
import { countBlobs, giveBack, type QuotaPolicy } from '../quotas/count.ts'
import type { CountedBlob } from '../quotas/model.ts'
import {
  findOffered,
  holdRepositoryBlobs,
  holdRepositoryProject,
  lockBlob,
  offerBlob,
  offerBlobs,
  withdrawBlob,
} from './store.ts'

/** Those of the blobs that artifacts of the project reference. From `artifacts`. */
export type FindReferenced = (tx: Database, projectId: number, blobIds: number[]) => Promise<number[]>

export interface LinkDeps {
  /** Name of the store in `blob_objects`. */
  store: string
  quotas: QuotaPolicy
  findReferenced: FindReferenced
}

/** A linked blob, and whether its bytes are there. */
export interface LinkedBlob {
  id: number
  stored: boolean
  /** The generation that a new object would get. */
  nextGeneration: number
}

/** A blob that a repository is to offer. */
export interface NewBlob {
  digest: string
  size: number
  repositoryId: number
}

export interface LinkOptions {
  /** Blobs that the repository offers already, and that must count from here on in any case. */
  alongside?: readonly CountedBlob[]
  /** What `lockNewBlob` has answered, for whoever takes other locks between. */
  locked?: LockedBlob
}

export interface LockedBlob {
  id: number
  projectId: number
}

/** The first half of `linkBlob`. Throws not-found where the repository is gone. */
export async function lockNewBlob(tx: Database, blob: NewBlob): Promise<LockedBlob> {
  const locked = await lockBlob(tx, blob.digest, blob.size, blob.repositoryId)
  if (!locked) throw goneRepository()
  return locked
}

/**
 * Makes a repository offer a blob, and the blob count in its project: every blob that comes in by upload, mount or
 * manifest comes this way, once a transaction. The repository and the row of the digest stay locked, in this
 * order.
 *
 * @throws {DomainError} not-found: the repository is gone.
 * @throws {QuotaExceededError}
 */
export async function linkBlob(
  tx: Database,
  deps: LinkDeps,
  blob: NewBlob,
  { alongside = [], locked: given }: LinkOptions = {},
): Promise<LinkedBlob> {
  const locked = given ?? (await lockNewBlob(tx, blob))
  const object = await offerBlob(tx, deps.store, blob.repositoryId, locked.id)
  await countBlobs(tx, deps.quotas, locked.projectId, [...alongside, { id: locked.id, size: blob.size }])

  return { id: locked.id, ...object }
}

/**
 * Makes a repository offer blobs that another one offers, and counts them, as a copy does: all in one call, once a
 * transaction. Answers those that the source has.
 *
 * @throws {DomainError} not-found: the repository is gone.
 * @throws {QuotaExceededError}
 */
export async function linkBlobs(
  tx: Database,
  deps: LinkDeps,
  repositoryId: number,
  source: { repositoryId: number; digests: string[] },
): Promise<{ id: number; digest: string; size: number }[]> {
  const projectId = await holdRepositoryProject(tx, repositoryId)
  if (projectId === undefined) throw goneRepository()
  const held = await holdRepositoryBlobs(tx, deps.store, source.repositoryId, source.digests)
  await offerBlobs(
    tx,
    repositoryId,
    held.map((blob) => blob.id),
  )
  await countBlobs(tx, deps.quotas, projectId, held)

  return held
}

/**
 * Makes a repository offer a blob no longer; answers whether it did. Its bytes are given back to the project unless
 * artifacts of it reference the blob or another repository of it offers the blob.
 */
export async function unlinkBlob(
  tx: Database,
  deps: LinkDeps,
  repositoryId: number,
  digest: string,
): Promise<boolean> {
  const withdrawn = await withdrawBlob(tx, repositoryId, digest)
  if (!withdrawn) return false

  const { id, projectId } = withdrawn
  await giveBack(tx, projectId, [id], async (ids) => {
    const needed = [
      ...(await deps.findReferenced(tx, projectId, ids)),
      ...(await findOffered(tx, projectId, ids)),
    ]
    return ids.filter((each) => !needed.includes(each))
  })
  return true
}

function goneRepository(): DomainError {
  return new DomainError('not-found', 'the repository is gone')
}
