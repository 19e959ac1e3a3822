import type { Readable } from 'node:stream'
import type { Database } from '../platform/db/database.ts'
import type { ByteRange, StorageDriver } from '../storage/driver.ts'
import type { FindByName } from './lookup.ts'
import { mustRenewOffer, type StoredBlob } from './model.ts'
import {
  type BlobKey,
  findOfferingRepositories,
  findRepositoryBlob,
  linkBlob,
  lockBlob,
  renewOffer,
  unlinkBlob,
} from './store.ts'

export interface BlobsDeps {
  db: Database
  storage: StorageDriver
  /** Name of the store in `blob_objects`. */
  store: string
  findByName: FindByName
}

// A mount without a source looks at so many repositories that offer the blob.
const MAX_MOUNT_SOURCES = 50

/** The blob, if the repository of that name offers it. Offering it renews its grace. */
export async function findBlob(deps: BlobsDeps, key: BlobKey): Promise<StoredBlob | undefined> {
  const blob = await deps.findByName(key)
  if (blob && mustRenewOffer(blob.offerTime, new Date())) await renewOffer(deps.db, blob.id)

  return blob
}

/** The bytes of a blob, or a part of them. */
export async function readBlob(deps: BlobsDeps, blob: StoredBlob, range?: ByteRange): Promise<Readable> {
  return deps.storage.read(blob.key, range)
}

/**
 * Makes a repository offer a blob that another one offers; answers it, or undefined where the source
 * does not have it.
 */
export async function mountBlob(
  deps: BlobsDeps,
  repositoryId: number,
  digest: string,
  sourceRepositoryId: number,
): Promise<StoredBlob | undefined> {
  return deps.db.transaction().execute(async (tx) => {
    const source = await findRepositoryBlob(tx, deps.store, sourceRepositoryId, digest)
    if (!source) return undefined

    // Under the lock nobody can collect it, but somebody may have since it was read.
    await lockBlob(tx, digest, source.size)
    const still = await findRepositoryBlob(tx, deps.store, sourceRepositoryId, digest)
    if (still) await linkBlob(tx, repositoryId, still.id)
    return still
  })
}

/** Repositories that a mount without a source may look at. */
export function findMountSources(deps: BlobsDeps, digest: string): Promise<number[]> {
  return findOfferingRepositories(deps.db, digest, MAX_MOUNT_SOURCES)
}

/** Makes the repository offer the blob no longer; answers whether it did. The bytes are left to collection. */
export function removeBlob(deps: BlobsDeps, repositoryId: number, digest: string): Promise<boolean> {
  return unlinkBlob(deps.db, repositoryId, digest)
}
