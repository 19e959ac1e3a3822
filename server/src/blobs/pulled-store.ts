import { sql } from 'kysely'
import {
  CONTEXT_COLUMNS,
  CONTEXT_OF_KEY,
  type ContextRow,
  type NamedContext,
  toContext,
} from '../members/context-store.ts'
import type { Database } from '../platform/db/database.ts'
import type { StoredBlob } from './model.ts'
import { blobOfKey, type StoredBlobRow, toStoredBlob } from './store.ts'

/** A blob that is pulled, and who asks: a digest in a repository of a project, both by their names. */
export interface PulledBlobKey {
  project: string
  userId: number | undefined
  repository: string
  digest: string
}

/** The blob, and all there is to decide about whether it may be handed out. */
export interface PulledBlob {
  project: NamedContext
  blob: StoredBlob
}

/** What the keys name, in their order; undefined where the project is not there, or the repository does not offer the blob. */
export async function findPulledBlobs(
  db: Database,
  store: string,
  keys: readonly PulledBlobKey[],
): Promise<(PulledBlob | undefined)[]> {
  const projects = keys.map((key) => key.project)
  const users = keys.map((key) => key.userId ?? null)
  const repositories = keys.map((key) => key.repository)
  const digests = keys.map((key) => key.digest)
  const result = await sql<ContextRow & Omit<StoredBlobRow, 'id'> & { ordinal: number; blob_id: number }>`
    SELECT k.ordinal, ${CONTEXT_COLUMNS}, b.id AS blob_id, b.digest, b.size, b.offer_time, o.key
    FROM unnest(${projects}::text[], ${users}::bigint[], ${repositories}::text[], ${digests}::text[])
      WITH ORDINALITY AS k(name, user_id, repository, digest, ordinal)
    ${CONTEXT_OF_KEY}
    ${blobOfKey(store, 'p.id')}`.execute(db)
  const found = new Map(
    result.rows.map((row) => [
      row.ordinal,
      { project: toContext(row), blob: toStoredBlob({ ...row, id: row.blob_id }) },
    ]),
  )

  return keys.map((_, index) => found.get(index + 1))
}
