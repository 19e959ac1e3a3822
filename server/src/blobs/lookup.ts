import { foldLookups } from '../lib/fold.ts'
import type { Database } from '../platform/db/database.ts'
import type { StoredBlob } from './model.ts'
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
