import { sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'

/** An object to look at. */
export interface WatchedObject {
  id: number
  blobId: number
  digest: string
  size: number
  key: string
  state: 'stored' | 'lost' | 'quarantined'
}

/**
 * Objects that should have bytes, those that have lost theirs, and those in quarantine whose blob is needed and has no
 * other, in the order of ids.
 */
export async function pageWatched(
  db: Database,
  store: string,
  after: number,
  limit: number,
): Promise<WatchedObject[]> {
  const result = await sql<WatchedObject>`
    SELECT o.id, o.blob_id AS "blobId", b.digest, b.size, o.key, o.state
    FROM blob_objects o JOIN blobs b ON b.id = o.blob_id
    WHERE o.store = ${store} AND o.id > ${after} AND (o.state IN ('stored', 'lost')
      OR o.state = 'quarantined' AND (EXISTS (SELECT FROM artifact_blobs ab WHERE ab.blob_id = b.id)
        OR EXISTS (SELECT FROM trashed_blobs tb WHERE tb.blob_id = b.id)) AND NOT EXISTS (
          SELECT FROM blob_objects s WHERE s.blob_id = b.id AND s.store = o.store AND s.state = 'stored'))
    ORDER BY o.id LIMIT ${limit}`.execute(db)

  return result.rows
}

/** Whether an artifact, or what is in the trash, references the blob of a digest, and whether it has bytes. */
export async function findNeed(
  db: Database,
  store: string,
  digest: string,
): Promise<{ needed: boolean; stored: boolean }> {
  const result = await sql<{ needed: boolean; stored: boolean }>`
    SELECT EXISTS (SELECT FROM artifact_blobs ab WHERE ab.blob_id = b.id)
        OR EXISTS (SELECT FROM trashed_blobs tb WHERE tb.blob_id = b.id) AS needed,
      EXISTS (SELECT FROM blob_objects o WHERE o.blob_id = b.id AND o.store = ${store} AND o.state = 'stored') AS stored
    FROM blobs b WHERE b.digest = ${digest}`.execute(db)

  return result.rows[0] ?? { needed: false, stored: false }
}
