import { sql } from 'kysely'
import type { Database } from '../../platform/db/database.ts'

/** An object as a row knows it. */
export interface ObjectRow {
  id: number
  blobId: number
  digest: string
  size: number
  key: string
  state: string
}

/** Objects of the store that have bytes, or had, in the order of ids. */
export async function pageObjects(
  db: Database,
  store: string,
  after: number,
  limit: number,
): Promise<ObjectRow[]> {
  const result = await sql<ObjectRow>`
    SELECT o.id, o.blob_id AS "blobId", b.digest, b.size, o.key, o.state
    FROM blob_objects o JOIN blobs b ON b.id = o.blob_id
    WHERE o.store = ${store} AND o.id > ${after} ORDER BY o.id LIMIT ${limit}`.execute(db)

  return result.rows
}

/** The states of objects by key, as they are now; `doomed` where the bytes of one that nobody reads are still to go. */
export async function statesByKey(
  db: Database,
  store: string,
  keys: readonly string[],
): Promise<Map<string, string>> {
  const result = await sql<{ key: string; state: string }>`
    SELECT o.key, CASE WHEN d.object_id IS NULL THEN o.state ELSE 'doomed' END AS state
    FROM blob_objects o LEFT JOIN doomed_objects d ON d.object_id = o.id
    WHERE o.store = ${store} AND o.key = any(${[...keys]}::text[])`.execute(db)

  return new Map(result.rows.map(({ key, state }) => [key, state]))
}

/** Those of the ids that are tasks. */
export async function existingTasks(db: Database, ids: readonly number[]): Promise<Set<number>> {
  const result = await sql<{
    id: number
  }>`SELECT id FROM tasks WHERE id = any(${[...ids]}::bigint[])`.execute(db)

  return new Set(result.rows.map(({ id }) => id))
}

/**
 * A number that all transactions which have written something until now are below. It is one of our own: the end of a
 * snapshot does not do, since it is only behind the last transaction that is over.
 */
export async function readHorizon(db: Database): Promise<string> {
  const result = await sql<{ horizon: string }>`SELECT pg_current_xact_id()::text AS horizon`.execute(db)

  return result.rows[0]?.horizon ?? '0'
}

/** Whether all transactions before the horizon are over. */
export async function isPast(db: Database, horizon: string): Promise<boolean> {
  const result = await sql<{ past: boolean }>`
    SELECT pg_snapshot_xmin(pg_current_snapshot()) >= ${horizon}::xid8 AS past`.execute(db)

  return result.rows[0]?.past === true
}

/** Artifacts that need a blob, by name, the trash included; at most `limit`. */
export async function findNeedy(db: Database, blobId: number, limit: number): Promise<string[]> {
  const result = await sql<{ name: string }>`
    SELECT p.name || '/' || r.name || '@' || needy.digest AS name FROM (
      (SELECT a.repository_id, a.digest FROM artifact_blobs ab JOIN artifacts a ON a.id = ab.artifact_id
        WHERE ab.blob_id = ${blobId} ORDER BY a.id LIMIT ${limit})
      UNION ALL
      (SELECT t.repository_id, t.digest FROM trashed_blobs tb JOIN trashed_artifacts t ON t.id = tb.trash_id
        WHERE tb.blob_id = ${blobId} ORDER BY t.id LIMIT ${limit})) needy
    JOIN repositories r ON r.id = needy.repository_id JOIN projects p ON p.id = r.project_id
    LIMIT ${limit}`.execute(db)

  return result.rows.map(({ name }) => name)
}

/** Those of the states of uploads that no session has. */
export async function findStray(db: Database, store: string, states: readonly unknown[]): Promise<number> {
  const texts = states.map((state) => JSON.stringify(state))
  const result = await sql<{ count: number }>`
    SELECT count(*) AS count FROM unnest(${texts}::jsonb[]) AS s(state)
    WHERE NOT EXISTS (SELECT FROM uploads u WHERE u.store = ${store} AND u.storage_state = s.state)`.execute(
    db,
  )

  return result.rows[0]?.count ?? 0
}
