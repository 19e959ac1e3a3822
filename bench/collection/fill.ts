import { once } from 'node:events'
import path from 'node:path'
import { Worker } from 'node:worker_threads'
import type pg from 'pg'
import { BLOBS, BYTES } from './content.ts'

const CHUNK = 50_000

/**
 * Leaves `count` blobs behind as uploads do that were never used, a month ago: a row, a repository that offers it, a file with
 * its directory. From the side: through the interface it would take hours.
 */
export async function fillBlobs(
  client: pg.Client,
  dataDirectory: string,
  repositoryId: number,
  count: number,
): Promise<void> {
  const root = path.join(dataDirectory, 'storage')
  const files = once(
    new Worker(new URL('files.ts', import.meta.url), { workerData: { root, count } }),
    'exit',
  )
  // Foreign keys hold by the way the rows are made.
  await client.query(`SET session_replication_role = replica; SET synchronous_commit = off`)
  for (let from = 0; from < count; from += CHUNK) {
    await client.query(INSERT, [from + 1, Math.min(from + CHUNK, count), BYTES.length, repositoryId])
  }
  await files
  // What autovacuum and the checkpointer do by and by.
  await client.query('VACUUM (ANALYZE)')
  await client.query('CHECKPOINT')
}

const INSERT = `
  WITH blob AS (
    INSERT INTO blobs (digest, size, creation_time, offer_time)
    SELECT 'sha256:' || encode(sha256(('unreferenced ' || n)::bytea), 'hex'), $3,
      now() - interval '30 days', now() - interval '30 days'
    FROM generate_series($1::int, $2::int) n
    RETURNING id, substr(digest, 8) AS hex),
  object AS (
    INSERT INTO blob_objects (blob_id, store, key, generation, state)
    SELECT id, (SELECT store FROM blob_objects LIMIT 1), '${BLOBS}/' || left(hex, 2) || '/' || hex || '/data', 1, 'stored'
    FROM blob)
  INSERT INTO repository_blobs (repository_id, blob_id) SELECT $4, id FROM blob`
