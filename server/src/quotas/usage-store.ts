import { sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import { SLOTS } from './allowances.ts'

/**
 * What is committed at this moment: limit (null without), bytes in use, and the room that the slots have, which others may
 * be about to take. Waits for nobody.
 */
export async function readUsage(
  db: Database,
  projectId: number,
): Promise<{ limit: number | null; used: number; room: number }> {
  const result = await sql<{ storage_limit: number | null; used: number; room: number }>`
    SELECT (SELECT storage_limit FROM projects WHERE id = ${projectId}), coalesce(sum(bytes), 0)::bigint AS used,
      coalesce(sum(greatest(allowance - bytes, 0)), 0)::bigint AS room
    FROM quota_usage WHERE project_id = ${projectId}`.execute(db)
  const row = result.rows[0]

  return { limit: row?.storage_limit ?? null, used: row?.used ?? 0, room: row?.room ?? 0 }
}

/** Spends from free slots that have room together; answers whether they had. Waits for nobody. */
export async function spendGathered(tx: Database, projectId: number, bytes: number): Promise<boolean> {
  const result = await sql<{ spent: boolean }>`SELECT gather_bytes(${projectId}, ${bytes}) AS spent`.execute(
    tx,
  )

  return result.rows[0]?.spent === true
}

/** Spends from a free slot with room; answers whether there was one. Waits for nobody, and leaves no lock where it could not. */
export function spendFree(tx: Database, projectId: number, bytes: number): Promise<boolean> {
  return spendBytes(tx, projectId, bytes, null)
}

/** The same, or else from some slot without allowance, which may have to be made or waited for. */
export function spendUnlimited(tx: Database, projectId: number, bytes: number): Promise<boolean> {
  return spendBytes(tx, projectId, bytes, Math.floor(Math.random() * SLOTS))
}

async function spendBytes(
  tx: Database,
  projectId: number,
  bytes: number,
  fresh: number | null,
): Promise<boolean> {
  const result = await sql<{ spent: boolean }>`
    SELECT spend_bytes(${projectId}, ${bytes}, ${fresh}) AS spent`.execute(tx)

  return result.rows[0]?.spent === true
}

/** Waits for the first slot: those who found no room queue here, with no other slot locked. */
export async function lockFirst(tx: Database, projectId: number): Promise<void> {
  await sql`SELECT FROM quota_usage WHERE project_id = ${projectId} AND slot = 0 FOR UPDATE`.execute(tx)
}

/** All slots of a project, locked; those that there should be are made. The order keeps two callers from a circle. */
export async function lockSlots(tx: Database, projectId: number): Promise<{ slot: number; bytes: number }[]> {
  await sql`
    INSERT INTO quota_usage (project_id, slot, bytes, allowance)
    SELECT ${projectId}, slot, 0, 0 FROM generate_series(0, ${SLOTS - 1}) AS slot
    WHERE (SELECT count(*) FROM quota_usage WHERE project_id = ${projectId} AND slot < ${SLOTS}) < ${SLOTS}
    ON CONFLICT DO NOTHING`.execute(tx)

  return await tx
    .selectFrom('quota_usage')
    .select(['slot', 'bytes'])
    .where('project_id', '=', projectId)
    .orderBy('slot')
    .forUpdate()
    .execute()
}

/** Writes locked slots anew and drops those with other numbers. `allowance` null: without limit. */
export async function writeSlots(
  tx: Database,
  projectId: number,
  slots: readonly { bytes: number; allowance: number | null }[],
  dropped: readonly number[],
): Promise<void> {
  if (dropped.length > 0) {
    await tx
      .deleteFrom('quota_usage')
      .where('project_id', '=', projectId)
      .where('slot', 'in', dropped)
      .execute()
  }
  await sql`
    UPDATE quota_usage u SET bytes = w.bytes, allowance = w.allowance
    FROM unnest(${slots.map((slot) => slot.bytes)}::bigint[], ${slots.map((slot) => slot.allowance)}::bigint[])
      WITH ORDINALITY AS w(bytes, allowance, ordinal)
    WHERE u.project_id = ${projectId} AND u.slot = w.ordinal - 1
      AND (u.bytes, u.allowance) IS DISTINCT FROM (w.bytes, w.allowance)`.execute(tx)
}

/** Sets right a sum that is not that of the counted blobs, whatever is going on meanwhile; answers by how many bytes. */
export async function correctUsage(db: Database, projectId: number): Promise<number> {
  // Both sums are of one snapshot, and every transaction changes both alike: the difference is the mistake.
  const result = await sql<{ mistake: number }>`
    WITH mistake AS (
      SELECT coalesce((SELECT sum(bytes) FROM project_blobs WHERE project_id = ${projectId}), 0)
        - coalesce((SELECT sum(bytes) FROM quota_usage WHERE project_id = ${projectId}), 0) AS bytes),
    corrected AS (
      INSERT INTO quota_usage AS u (project_id, slot, bytes, allowance)
      SELECT ${projectId}, 0, bytes, (SELECT storage_limit FROM projects WHERE id = ${projectId}) FROM mistake WHERE bytes <> 0
      ON CONFLICT (project_id, slot) DO UPDATE SET bytes = u.bytes + excluded.bytes)
    SELECT bytes::bigint AS mistake FROM mistake`.execute(db)

  return result.rows[0]?.mistake ?? 0
}

/** Forgets what a project used. */
export async function deleteUsage(db: Database, projectIds: readonly number[]): Promise<void> {
  await sql`DELETE FROM quota_usage WHERE project_id = any(${[...projectIds]}::bigint[])`.execute(db)
  await sql`DELETE FROM project_blobs WHERE project_id = any(${[...projectIds]}::bigint[])`.execute(db)
}

const MOVES = 7_104_002

/** Keeps out others who move usage from one project to another, until the transaction ends. */
export async function lockMoves(tx: Database): Promise<void> {
  await sql`SELECT pg_advisory_xact_lock(${MOVES})`.execute(tx)
}
