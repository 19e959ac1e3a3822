import type { Database } from '../platform/db/database.ts'
import { holdRepositoryBlobs, offerBlobs } from './store.ts'

export interface LinkDeps {
  /** Name of the store in `blob_objects`. */
  store: string
}

/**
 * Makes a repository offer blobs that another one offers, as a copy does: all in one call, once a transaction.
 * Answers those that the source has.
 */
export async function linkBlobs(
  tx: Database,
  deps: LinkDeps,
  repositoryId: number,
  source: { repositoryId: number; digests: string[] },
): Promise<{ id: number; digest: string; size: number }[]> {
  const held = await holdRepositoryBlobs(tx, deps.store, source.repositoryId, source.digests)
  await offerBlobs(
    tx,
    repositoryId,
    held.map((blob) => blob.id),
  )

  return held
}
