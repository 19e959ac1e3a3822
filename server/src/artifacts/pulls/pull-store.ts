import { sql } from 'kysely'
import type { Database } from '../../platform/db/database.ts'

/** When something was pulled last. */
export interface PullTime<Key> {
  key: Key
  time: Date
}

export interface TagKey {
  repositoryId: number
  tag: string
}

/**
 * Raises the pull times of artifacts and of the indexes that list them, never lowers them; answers the ids that are
 * done. Rows that a push is writing at this moment are passed over: waiting for them could be waiting in a circle.
 */
export async function raiseArtifactPullTimes(
  tx: Database,
  pulled: readonly PullTime<number>[],
): Promise<ReadonlySet<number>> {
  if (pulled.length === 0) return new Set()
  const ids = pulled.map(({ key }) => key)
  const times = pulled.map(({ time }) => time.toISOString())
  const result = await sql<{ id: number }>`
    WITH pulled AS MATERIALIZED (SELECT * FROM unnest(${ids}::bigint[], ${times}::timestamptz[]) AS p(id, time)),
    touched AS MATERIALIZED (
      SELECT id, time FROM pulled
      UNION ALL
      SELECT parent.id, pulled.time FROM pulled
      JOIN artifacts child ON child.id = pulled.id
      JOIN artifact_children c ON c.child_digest = child.digest
      JOIN artifacts parent ON parent.id = c.artifact_id AND parent.repository_id = child.repository_id
    ),
    held AS MATERIALIZED (
      SELECT id FROM artifacts WHERE id IN (SELECT id FROM touched) FOR NO KEY UPDATE SKIP LOCKED
    ),
    raised AS (
      UPDATE artifacts a SET pull_time = t.time
      FROM (SELECT id, max(time) AS time FROM touched GROUP BY id) t JOIN held ON held.id = t.id
      WHERE a.id = t.id AND (a.pull_time IS NULL OR a.pull_time < t.time)
    )
    SELECT id FROM held`.execute(tx)

  return new Set(result.rows.map(({ id }) => id))
}

/** The same for tags; answers those that are done. */
export async function raiseTagPullTimes(
  tx: Database,
  pulled: readonly PullTime<TagKey>[],
): Promise<TagKey[]> {
  if (pulled.length === 0) return []
  const repositories = pulled.map(({ key }) => key.repositoryId)
  const names = pulled.map(({ key }) => key.tag)
  const times = pulled.map(({ time }) => time.toISOString())
  const result = await sql<{ repository_id: number; name: string }>`
    WITH pulled AS MATERIALIZED (
      SELECT * FROM unnest(${repositories}::bigint[], ${names}::text[], ${times}::timestamptz[])
        AS p(repository_id, name, time)
    ),
    held AS MATERIALIZED (
      SELECT t.id, t.repository_id, t.name FROM pulled p
      JOIN tags t ON t.repository_id = p.repository_id AND t.name = p.name
      FOR NO KEY UPDATE OF t SKIP LOCKED
    ),
    raised AS (
      UPDATE tags SET pull_time = p.time
      FROM held JOIN pulled p ON p.repository_id = held.repository_id AND p.name = held.name
      WHERE tags.id = held.id AND (tags.pull_time IS NULL OR tags.pull_time < p.time)
    )
    SELECT repository_id, name FROM held`.execute(tx)

  return result.rows.map((row) => ({ repositoryId: row.repository_id, tag: row.name }))
}
