import { type RawBuilder, sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'

/** An object that nothing is to read any more. */
export interface DoomedObject {
  id: number
  key: string
  digest: string
  /** Bytes. */
  size: number
}

/**
 * Locks those of the blobs that nobody is busy with, that have bytes, and whose grace is over; `now`: all that have bytes, and
 * waits for who is busy, in the order of pushes. Whoever references one from here on waits, and then sees that it is collected.
 * Answers digest and size by id.
 */
export async function lockIdle(
  tx: Database,
  store: string,
  blobIds: readonly number[],
  graceSeconds: number | 'now',
): Promise<Map<number, { digest: string; size: number }>> {
  const [due, lock] =
    graceSeconds === 'now'
      ? [sql`true`, sql`FOR UPDATE OF b`]
      : [sql`b.offer_time < now() - make_interval(secs => ${graceSeconds})`, sql`FOR UPDATE OF b SKIP LOCKED`]
  const result = await sql<{ id: number; digest: string; size: number }>`
    SELECT b.id, b.digest, b.size FROM blobs b
    JOIN blob_objects o ON o.blob_id = b.id AND o.store = ${store} AND o.state = 'stored'
    WHERE b.id = any(${[...blobIds]}::bigint[]) AND ${due} ORDER BY b.digest ${lock}`.execute(tx)

  return new Map(result.rows.map(({ id, digest, size }) => [id, { digest, size }]))
}

/** Ends the grace of blobs: whoever collects next takes those of them that nothing references. */
export async function endGrace(tx: Database, blobIds: readonly number[]): Promise<void> {
  const which = sql`id = any(${[...blobIds]}::bigint[])`
  await sql`SELECT id FROM blobs WHERE ${which} ORDER BY digest FOR NO KEY UPDATE`.execute(tx)
  await sql`UPDATE blobs SET offer_time = 'epoch' WHERE ${which}`.execute(tx)
}

/** Makes (locked) blobs collected: no repository offers them, and their objects are to go. */
export async function markCollected(
  tx: Database,
  store: string,
  blobIds: readonly number[],
): Promise<DoomedObject[]> {
  const ids = [...blobIds]
  await tx.deleteFrom('repository_blobs').where(sql<boolean>`blob_id = any(${ids}::bigint[])`).execute()
  await tx
    .updateTable('blobs')
    .set({ collected: true })
    .where(sql<boolean>`id = any(${ids}::bigint[])`)
    .execute()

  return await doomObjects(
    tx,
    sql`o.blob_id = any(${ids}::bigint[]) AND o.store = ${store} AND o.state = 'stored'`,
  )
}

/** Makes objects (`o`) such that are to go: nobody reads them any more, and their bytes are due. */
export async function doomObjects(tx: Database, which: RawBuilder<unknown>): Promise<DoomedObject[]> {
  const result = await sql<DoomedObject>`
    WITH closed AS (
      UPDATE blob_objects o SET state = 'deleted' FROM blobs b WHERE ${which} AND b.id = o.blob_id
      RETURNING o.id, o.key, b.digest, b.size),
    doomed AS (INSERT INTO doomed_objects (object_id) SELECT id FROM closed ON CONFLICT DO NOTHING)
    SELECT id, key, digest, size FROM closed`.execute(tx)

  return result.rows
}

/** Objects that are to go and are not gone, behind one of them: what a crash or a failing store has left. */
export async function findDoomed(
  db: Database,
  store: string,
  after: number,
  limit: number,
): Promise<DoomedObject[]> {
  const result = await sql<DoomedObject>`
    SELECT o.id, o.key, b.digest, b.size FROM doomed_objects d
    JOIN blob_objects o ON o.id = d.object_id JOIN blobs b ON b.id = o.blob_id
    WHERE o.store = ${store} AND d.object_id > ${after} ORDER BY d.object_id LIMIT ${limit}`.execute(db)

  return result.rows
}

/**
 * Objects of the blobs that nobody is to read any more: all that are to go, and of those that are gone the last one, which may be
 * gone since a moment ago only.
 */
export async function findUnread(
  db: Database,
  store: string,
  blobIds: readonly number[],
): Promise<DoomedObject[]> {
  const result = await sql<DoomedObject>`
    SELECT DISTINCT ON (o.blob_id, d.object_id) o.id, o.key, b.digest, b.size
    FROM blob_objects o JOIN blobs b ON b.id = o.blob_id LEFT JOIN doomed_objects d ON d.object_id = o.id
    WHERE o.blob_id = any(${[...blobIds]}::bigint[]) AND o.store = ${store} AND o.state = 'deleted'
    ORDER BY o.blob_id, d.object_id, o.generation DESC`.execute(db)

  return result.rows
}

/** Notes that the bytes of objects are gone. Their own rows stay: no key is used twice. */
export async function closeObjects(db: Database, ids: readonly number[]): Promise<void> {
  await db
    .deleteFrom('doomed_objects')
    .where(sql<boolean>`object_id = any(${[...ids]}::bigint[])`)
    .execute()
}
