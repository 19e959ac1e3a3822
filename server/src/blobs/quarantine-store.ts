import { sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import { type DoomedObject, doomObjects } from './collect-store.ts'

/** Locks the row of a blob: nobody uploads, references or collects it until the transaction ends. */
export async function lockBlobRow(tx: Database, id: number): Promise<void> {
  await sql`SELECT FROM blobs WHERE id = ${id} FOR UPDATE`.execute(tx)
}

/**
 * The (locked) row of a digest of which an object was found. Where there is none it is made as that of a collected blob:
 * nothing is known of it but that it has been here.
 */
export async function lockFoundBlob(tx: Database, digest: string, size: number): Promise<number> {
  await sql`
    INSERT INTO blobs (digest, size, collected) VALUES (${digest}, ${size}, true)
    ON CONFLICT (digest) DO NOTHING`.execute(tx)
  const result = await sql<{ id: number }>`SELECT id FROM blobs WHERE digest = ${digest} FOR UPDATE`.execute(
    tx,
  )

  return result.rows[0]?.id ?? 0
}

/** Whether a (locked) blob has bytes, and the highest generation that an object of it has had. */
export async function readGenerations(
  tx: Database,
  store: string,
  blobId: number,
): Promise<{ stored: boolean; last: number }> {
  const result = await sql<{ stored: boolean; last: number }>`
    SELECT coalesce(bool_or(state = 'stored'), false) AS stored, coalesce(max(generation), 0) AS last
    FROM blob_objects WHERE blob_id = ${blobId} AND store = ${store}`.execute(tx)

  return result.rows[0] ?? { stored: false, last: 0 }
}

/**
 * Offers an object of a (locked) blob to nobody any more: its bytes are gone, or are not what they should be. Whoever has waited
 * for the lock looks again at the row of the blob alone, which says so too, as that of a collected one does. Answers whether it
 * was offered.
 */
export async function withdrawObject(
  tx: Database,
  object: { id: number; blobId: number },
  state: 'lost' | 'quarantined',
): Promise<boolean> {
  const result = await sql`
    UPDATE blob_objects SET state = ${state} WHERE id = ${object.id} AND state = 'stored'`.execute(tx)
  if ((result.numAffectedRows ?? 0n) === 0n) return false
  await sql`UPDATE blobs SET collected = true WHERE id = ${object.blobId}`.execute(tx)

  return true
}

/** Notes that a (locked) blob has bytes again. */
export async function noteServed(tx: Database, blobId: number, size: number): Promise<void> {
  await sql`
    UPDATE blobs SET collected = false, offer_time = now(), size = ${size} WHERE id = ${blobId}`.execute(tx)
}

/** Puts an object that is there although it was lost into quarantine. */
export async function quarantineLost(tx: Database, id: number): Promise<boolean> {
  const result = await sql`
    UPDATE blob_objects SET state = 'quarantined' WHERE id = ${id} AND state = 'lost'`.execute(tx)

  return (result.numAffectedRows ?? 0n) > 0n
}

/**
 * Makes the bytes of a (locked) blob those of an object that was lost or in quarantine, and begins its grace anew. Answers
 * whether it was, and the blob has no other bytes.
 */
export async function serveObject(
  tx: Database,
  object: { id: number; blobId: number; store: string; size: number },
): Promise<boolean> {
  if ((await readGenerations(tx, object.store, object.blobId)).stored) return false
  const result = await sql`
    UPDATE blob_objects SET state = 'stored'
    WHERE id = ${object.id} AND state IN ('lost', 'quarantined')`.execute(tx)
  if ((result.numAffectedRows ?? 0n) === 0n) return false
  await noteServed(tx, object.blobId, object.size)

  return true
}

/**
 * Writes down an object of a (locked) blob that no row knew, in quarantine: its key is taken for ever from here on. Answers
 * its id, undefined where a row knows the key, or one with its generation, by now.
 */
export async function insertQuarantined(
  tx: Database,
  object: { blobId: number; store: string; key: string; generation: number },
): Promise<number | undefined> {
  const result = await sql<{ id: number }>`
    INSERT INTO blob_objects (blob_id, store, key, generation, state)
    VALUES (${object.blobId}, ${object.store}, ${object.key}, ${object.generation}, 'quarantined')
    ON CONFLICT DO NOTHING RETURNING id`.execute(tx)

  return result.rows[0]?.id
}

/** Makes objects in quarantine such that are to go. */
export async function doomQuarantined(tx: Database, ids: readonly number[]): Promise<DoomedObject[]> {
  return await doomObjects(tx, sql`o.id = any(${[...ids]}::bigint[]) AND o.state = 'quarantined'`)
}

/** Makes objects that are there, although they were deleted, such that are to go. */
export async function doomLeftovers(
  tx: Database,
  store: string,
  keys: readonly string[],
): Promise<DoomedObject[]> {
  return await doomObjects(
    tx,
    sql`o.store = ${store} AND o.key = any(${[...keys]}::text[]) AND o.state = 'deleted'`,
  )
}
