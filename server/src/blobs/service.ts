import type { Readable } from 'node:stream'
import type { Queues } from '../lib/queues.ts'
import type { Database } from '../platform/db/database.ts'
import { transact } from '../platform/db/transact.ts'
import type { AdmittedRepository } from '../repositories/model.ts'
import type { ByteRange, StorageDriver } from '../storage/driver.ts'
import { type LinkDeps, linkBlob, unlinkBlob } from './link.ts'
import type { FindByName } from './lookup.ts'
import { mustRenewOffer, type StoredBlob } from './model.ts'
import { type BlobKey, findOfferingRepositories, findRepositoryBlob, renewOffer } from './store.ts'

export interface BlobsDeps extends LinkDeps {
  db: Database
  storage: StorageDriver
  /** How long an unreferenced blob is safe after it was last uploaded or offered. */
  graceSeconds: number
  findByName: FindByName
  /** Who stores one digest waits for another here, before he has a connection: waiting for its row, many would have them all. */
  perDigest: Queues
}

// A mount without a source looks at so many repositories that offer the blob.
const MAX_MOUNT_SOURCES = 50

/** The blob, if the repository of that name offers it. Offering it renews its grace. */
export async function findBlob(deps: BlobsDeps, key: BlobKey): Promise<StoredBlob | undefined> {
  const blob = await deps.findByName(key)
  if (!blob || !mustRenewOffer(blob.offerTime, new Date(), deps.graceSeconds)) return blob

  return (await renewOffer(deps.db, blob.id)) ? blob : undefined
}

/** The bytes of a blob, or a part of them. */
export async function readBlob(deps: BlobsDeps, blob: StoredBlob, range?: ByteRange): Promise<Readable> {
  return deps.storage.read(blob.key, range)
}

/**
 * Makes a repository offer a blob that another one offers; answers it, or undefined where the source
 * does not have it.
 *
 * @throws {QuotaExceededError}
 */
export async function mountBlob(
  deps: BlobsDeps,
  repository: AdmittedRepository,
  digest: string,
  sourceRepositoryId: number,
): Promise<StoredBlob | undefined> {
  const source = await findRepositoryBlob(deps.db, deps.store, sourceRepositoryId, digest)
  if (!source) return undefined

  try {
    return await transact(deps.db, async (tx) => {
      await linkBlob(tx, deps, { digest, size: source.size, repository })
      // Under the lock nobody can collect it, but somebody may have since it was read.
      const still = await findRepositoryBlob(tx, deps.store, sourceRepositoryId, digest)
      if (!still) throw new SourceGoneError()
      return still
    })
  } catch (error) {
    if (error instanceof SourceGoneError) return undefined
    throw error
  }
}

/** Undoes a mount whose source was withdrawn meanwhile. */
class SourceGoneError extends Error {}

/** Repositories that a mount without a source may look at. */
export function findMountSources(deps: BlobsDeps, digest: string): Promise<number[]> {
  return findOfferingRepositories(deps.db, digest, MAX_MOUNT_SOURCES)
}

/** Makes the repository offer the blob no longer; answers whether it did. The bytes are left to collection. */
export function removeBlob(
  deps: BlobsDeps,
  repository: AdmittedRepository,
  digest: string,
): Promise<boolean> {
  return transact(deps.db, (tx) => unlinkBlob(tx, deps, repository, digest))
}
