import type { Database } from '../platform/db/database.ts'
import { DomainError } from '../platform/errors.ts'
import { countBlobs, countWith, giveBack, type QuotaPolicy } from '../quotas/count.ts'
import type { CountedBlob } from '../quotas/model.ts'
import type { AdmittedRepository } from '../repositories/model.ts'
import { holdRepository } from '../repositories/store.ts'
import { UploadUnknownError } from './errors.ts'
import { findOffered, holdRepositoryBlobs, linkNewBlob, lockBlob, offerBlobs, withdrawBlob } from './store.ts'

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
  repository: AdmittedRepository
}

export interface LinkOptions {
  /** Blobs that the repository offers already, and that must count from here on in any case. */
  alongside?: readonly CountedBlob[]
  /** The id that `lockNewBlob` has answered, for whoever takes other locks between. */
  locked?: number
  /** The upload that ends with it, unless a later writer has it. */
  upload?: { id: string; epoch: number }
}

/** The first half of `linkBlob`: answers the blob's id. Throws not-found where the repository is gone. */
export async function lockNewBlob(tx: Database, blob: NewBlob): Promise<number> {
  const id = await lockBlob(tx, blob.digest, blob.size, blob.repository)
  if (id === undefined) throw goneRepository()
  return id
}

/**
 * Makes a repository offer a blob, and the blob count in its project: every blob that comes in by upload, mount or
 * manifest comes this way, once a transaction. The repository and the row of the digest stay locked, in this
 * order.
 *
 * @throws {UploadUnknownError} the upload has ended, or a new writer has it.
 * @throws {DomainError} not-found: the repository is gone.
 * @throws {QuotaExceededError}
 */
export async function linkBlob(
  tx: Database,
  deps: LinkDeps,
  blob: NewBlob,
  { alongside = [], locked, upload }: LinkOptions = {},
): Promise<LinkedBlob> {
  const link = { ...blob, store: deps.store, upload, locked, alongside }
  const linked = await countWith(tx, deps.quotas, blob.repository.projectId, async () => {
    const found = await linkNewBlob(tx, link)
    if (found === 'no upload') throw new UploadUnknownError(upload?.id ?? '')
    if (found === 'no repository') throw goneRepository()
    return found
  })

  return { id: linked.id, stored: linked.stored, nextGeneration: linked.last_generation + 1 }
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
  repository: AdmittedRepository,
  source: { repository: AdmittedRepository; digests: string[] },
): Promise<{ id: number; digest: string; size: number }[]> {
  if (!(await holdRepository(tx, repository))) throw goneRepository()
  const held = await holdRepositoryBlobs(tx, deps.store, source.repository, source.digests)
  await offerBlobs(
    tx,
    repository.id,
    held.map((blob) => blob.id),
  )
  await countBlobs(tx, deps.quotas, repository.projectId, held)

  return held
}

/**
 * Makes a repository offer a blob no longer; answers whether it did. Its bytes are given back to the project unless
 * artifacts of it reference the blob or another repository of it offers the blob.
 */
export async function unlinkBlob(
  tx: Database,
  deps: LinkDeps,
  repository: AdmittedRepository,
  digest: string,
): Promise<boolean> {
  const id = await withdrawBlob(tx, repository, digest)
  if (id === undefined) return false

  const { projectId } = repository
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
