import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type pg from 'pg'

const BYTES = Buffer.alloc(64, 'x')
const CHUNK = 20_000
const BLOBS = 'docker/registry/v2/blobs/sha256'

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
  const root = path.join(dataDirectory, 'storage', BLOBS)
  for (let n = 0; n < 256; n += 1) {
    mkdirSync(path.join(root, n.toString(16).padStart(2, '0')), { recursive: true })
  }
  for (let from = 0; from < count; from += CHUNK) {
    const hexes = Array.from({ length: Math.min(CHUNK, count - from) }, (_, at) =>
      createHash('sha256')
        .update(`unreferenced ${from + at}`)
        .digest('hex'),
    )
    await client.query(INSERT, [hexes, BYTES.length, repositoryId])
    for (const hex of hexes) {
      const directory = path.join(root, hex.slice(0, 2), hex)
      mkdirSync(directory)
      writeFileSync(path.join(directory, 'data'), BYTES)
    }
  }
  // What autovacuum and the checkpointer do by and by.
  await client.query('VACUUM (ANALYZE)')
  await client.query('CHECKPOINT')
}

const INSERT = `
  WITH blob AS (
    INSERT INTO blobs (digest, size, creation_time, offer_time)
    SELECT 'sha256:' || hex, $2, now() - interval '30 days', now() - interval '30 days' FROM unnest($1::text[]) hex
    RETURNING id, digest),
  object AS (
    INSERT INTO blob_objects (blob_id, store, key, generation, state)
    SELECT id, (SELECT store FROM blob_objects LIMIT 1),
      '${BLOBS}/' || substr(digest, 8, 2) || '/' || substr(digest, 8) || '/data', 1, 'stored' FROM blob)
  INSERT INTO repository_blobs (repository_id, blob_id) SELECT $3, id FROM blob`
