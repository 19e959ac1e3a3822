import { sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import type { CountedBlob } from './model.ts'

/**
 * Makes blobs count in a project (`count_blobs` of the migrations): holds those that count already until the
 * transaction ends, adds the others. `spent` is false where their bytes are still to be spent, for want of a free slot.
 */
export async function addCounted(
  tx: Database,
  projectId: number,
  blobs: readonly CountedBlob[],
): Promise<{ added: number; spent: boolean }> {
  const sorted = [...new Map(blobs.map((blob) => [blob.id, blob])).values()].sort((a, b) => a.id - b.id)
  const ids = sorted.map((blob) => blob.id)
  const sizes = sorted.map((blob) => blob.size)
  const result = await sql<{ added: number; spent: boolean }>`
    SELECT added, spent FROM count_blobs(${projectId}, ${ids}::bigint[], ${sizes}::bigint[])`.execute(tx)

  return result.rows[0] ?? { added: 0, spent: true }
}

/** Those of the blobs that count in the project, locked against whoever references them, in the order of pushes. */
export async function lockCounted(
  tx: Database,
  projectId: number,
  blobIds: readonly number[],
): Promise<number[]> {
  const rows = await tx
    .selectFrom('project_blobs')
    .select('blob_id')
    .where('project_id', '=', projectId)
    .where(sql<boolean>`blob_id = any(${[...blobIds]}::bigint[])`)
    .orderBy('blob_id')
    .forUpdate()
    .execute()

  return rows.map((row) => row.blob_id)
}

/**
 * Takes (locked) blobs out of a project and gives their bytes back. Waits for no slot: where none is free it makes
 * one, below zero and without room. Whoever gives back may hold what the holder of a slot waits for.
 */
export async function removeCounted(
  tx: Database,
  projectId: number,
  blobIds: readonly number[],
): Promise<void> {
  if (blobIds.length === 0) return
  const extra = 1_000 + Math.floor(Math.random() * 2_000_000_000)
  await sql`
    WITH removed AS (
      DELETE FROM project_blobs WHERE project_id = ${projectId} AND blob_id = any(${[...blobIds]}::bigint[])
      RETURNING bytes),
    total AS MATERIALIZED (SELECT coalesce(sum(bytes), 0)::bigint AS bytes FROM removed),
    free AS MATERIALIZED (
      SELECT slot FROM quota_usage WHERE project_id = ${projectId} LIMIT 1 FOR UPDATE SKIP LOCKED),
    given AS (
      UPDATE quota_usage u SET bytes = u.bytes - total.bytes FROM free, total
      WHERE u.project_id = ${projectId} AND u.slot = free.slot RETURNING u.slot)
    INSERT INTO quota_usage (project_id, slot, bytes, allowance)
    SELECT ${projectId}, ${extra}, -bytes, -bytes FROM total WHERE bytes > 0 AND NOT EXISTS (SELECT FROM given)`.execute(
    tx,
  )
}

/** The largest blob that counts in a project, in bytes. */
export async function findLargest(db: Database, projectId: number): Promise<number> {
  const row = await db
    .selectFrom('project_blobs')
    .select((eb) => eb.fn.max('bytes').as('bytes'))
    .where('project_id', '=', projectId)
    .executeTakeFirst()

  return Number(row?.bytes ?? 0)
}
