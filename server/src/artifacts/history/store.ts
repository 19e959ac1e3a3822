import { sql } from 'kysely'
import type { Database } from '../../platform/db/database.ts'
import type { Page } from '../../platform/db/list.ts'
import type { TagHistoryEntry, TagMove } from './model.ts'

/**
 * Writes down changes of tags, each once however often it comes. A push of what the tag points to already is no change.
 */
export async function insertMoves(tx: Database, moves: readonly TagMove[]): Promise<void> {
  const rows = moves.map((move) => ({
    repository_id: move.repositoryId,
    tag: move.tag,
    event_id: move.eventId,
    operation: move.operation,
    digest: move.digest,
    username: move.username,
    op_time: move.time,
  }))
  await sql`
    WITH moves AS (
      SELECT * FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS m(repository_id bigint, tag text COLLATE "C",
        event_id bigint, operation text, digest text, username text, op_time timestamptz)
    ), compared AS (
      SELECT moves.*, CASE WHEN row_number() OVER earlier > 1 THEN lag(digest) OVER earlier ELSE (
        SELECT h.digest FROM tag_history h
        WHERE h.repository_id = moves.repository_id AND h.tag = moves.tag AND h.event_id < moves.event_id
        ORDER BY h.event_id DESC LIMIT 1) END AS former
      FROM moves WINDOW earlier AS (PARTITION BY repository_id, tag ORDER BY event_id)
    )
    INSERT INTO tag_history (repository_id, tag, event_id, operation, digest, username, op_time)
    SELECT repository_id, tag, event_id, operation, digest, username, op_time FROM compared
    WHERE digest IS NULL OR digest IS DISTINCT FROM former
    ON CONFLICT DO NOTHING`.execute(tx)
}

/** Leaves the newest `most` entries of each of the tags. */
export async function trimHistories(
  tx: Database,
  tags: readonly { repositoryId: number; tag: string }[],
  most: number,
): Promise<void> {
  const repositoryIds = tags.map(({ repositoryId }) => repositoryId)
  const names = tags.map(({ tag }) => tag)
  await sql`
    DELETE FROM tag_history h USING (
      SELECT t.repository_id, t.tag, (
        SELECT event_id FROM tag_history n WHERE n.repository_id = t.repository_id AND n.tag = t.tag
        ORDER BY event_id DESC OFFSET ${most - 1}::bigint LIMIT 1) AS oldest
      FROM unnest(${repositoryIds}::bigint[], ${names}::text[]) AS t(repository_id, tag)
    ) AS kept
    WHERE h.repository_id = kept.repository_id AND h.tag = kept.tag AND h.event_id < kept.oldest`.execute(tx)
}

/** One page of the history of a tag, the newest entry first, and how many there are. */
export async function selectHistory(
  db: Database,
  repositoryId: number,
  tag: string,
  page: Page,
): Promise<{ entries: TagHistoryEntry[]; total: number }> {
  const entriesOfTag = db
    .selectFrom('tag_history')
    .where('tag_history.repository_id', '=', repositoryId)
    .where('tag_history.tag', '=', tag)
  const { total } = await entriesOfTag
    .select((eb) => eb.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow()
  const rows = await entriesOfTag
    .select(['event_id', 'operation', 'digest', 'username', 'op_time'])
    .select(
      sql<'present' | 'trash' | 'gone' | null>`CASE
        WHEN digest IS NULL THEN NULL
        WHEN EXISTS (SELECT FROM artifacts a
          WHERE a.repository_id = tag_history.repository_id AND a.digest = tag_history.digest) THEN 'present'
        WHEN EXISTS (SELECT FROM trashed_artifacts t WHERE t.repository_id = tag_history.repository_id
          AND t.digest = tag_history.digest AND t.expiry_time > now()) THEN 'trash'
        ELSE 'gone' END`.as('artifact'),
    )
    .orderBy('event_id', 'desc')
    .limit(page.limit)
    .offset(page.offset)
    .execute()

  return {
    entries: rows.map((row) => ({
      id: row.event_id,
      operation: row.operation,
      digest: row.digest ?? undefined,
      artifact: row.artifact ?? undefined,
      username: row.username ?? undefined,
      time: row.op_time,
    })),
    total: Number(total),
  }
}

/** Whether the tag has ever pointed there, as far as its history goes back. */
export async function hasPointedTo(
  db: Database,
  repositoryId: number,
  tag: string,
  digest: string,
): Promise<boolean> {
  const row = await db
    .selectFrom('tag_history')
    .select('event_id')
    .where('repository_id', '=', repositoryId)
    .where('tag', '=', tag)
    .where('digest', '=', digest)
    .limit(1)
    .executeTakeFirst()

  return row !== undefined
}

/** Deletes up to `limit` entries of a deleted repository; answers how many. */
export async function deleteSomeHistory(db: Database, repositoryId: number, limit: number): Promise<number> {
  const result = await sql`
    DELETE FROM tag_history WHERE ctid = ANY(ARRAY(
      SELECT ctid FROM tag_history WHERE repository_id = ${repositoryId} LIMIT ${limit}))`.execute(db)

  return Number(result.numAffectedRows ?? 0)
}
