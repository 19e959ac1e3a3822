import { foldLookups } from '../lib/fold.ts'
import type { Database } from '../platform/db/database.ts'
import type { StoredBlob } from './model.ts'
import { findPulledBlobs, type PulledBlob, type PulledBlobKey } from './pulled-store.ts'
import { type BlobKey, findBlobsByName } from './store.ts'

/** Finds a blob by digest in a repository of a project, by their names. */
export type FindByName = (key: BlobKey) => Promise<StoredBlob | undefined>

/** Requests that arrive together cost one query together. */
export function createBlobLookup(db: Database, store: string): FindByName {
  return foldLookups(
    (keys) => findBlobsByName(db, store, keys),
    ({ projectId, repository, digest }) => `${projectId}/${repository}@${digest}`,
  )
}

/** Finds a blob that is pulled together with its project and the caller's roles there. */
export type FindPulledBlob = (key: PulledBlobKey) => Promise<PulledBlob | undefined>

/** As `createBlobLookup`, with all that is to be decided in the same query. */
export function createPulledBlobLookup(db: Database, store: string): FindPulledBlob {
  return foldLookups(
    (keys) => findPulledBlobs(db, store, keys),
    ({ project, userId = '', repository, digest }) => `${userId}/${project}/${repository}@${digest}`,
  )
}
