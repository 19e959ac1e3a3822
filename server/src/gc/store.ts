import { type RawBuilder, sql } from 'kysely'
import { standsAlone } from '../artifacts/listed-store.ts'
import type { Database } from '../platform/db/database.ts'

/**
 * Looks through the next `limit` blobs that have bytes, in the order of ids; answers them, those of them that nothing references
 * and whose grace is over, and the last id seen, undefined at the end. It takes no lock: what it finds may be in use again.
 */
export async function scanIdle(
  db: Database,
  store: string,
  page: { after: number; limit: number; graceSeconds: number },
): Promise<{ seen: number[]; idle: number[]; last: number | undefined }> {
  const result = await sql<{ id: number; idle: boolean }>`
    WITH page AS MATERIALIZED (
      SELECT blob_id AS id FROM blob_objects
      WHERE store = ${store} AND state = 'stored' AND blob_id > ${page.after}
      ORDER BY blob_id LIMIT ${page.limit})
    SELECT page.id, b.offer_time < now() - make_interval(secs => ${page.graceSeconds})
      AND NOT EXISTS (SELECT FROM artifact_blobs ab WHERE ab.blob_id = page.id)
      AND NOT EXISTS (SELECT FROM trashed_blobs tb WHERE tb.blob_id = page.id) AS idle
    FROM page JOIN blobs b ON b.id = page.id ORDER BY page.id`.execute(db)
  const { rows } = result

  return {
    seen: rows.map((row) => row.id),
    idle: rows.filter((row) => row.idle).map((row) => row.id),
    last: rows.length === page.limit ? rows.at(-1)?.id : undefined,
  }
}

/** Digests and sizes of blobs. */
export async function describeBlobs(
  db: Database,
  ids: readonly number[],
): Promise<{ id: number; digest: string; size: number }[]> {
  return await db
    .selectFrom('blobs')
    .select(['id', 'digest', 'size'])
    .where(sql<boolean>`id = any(${[...ids]}::bigint[])`)
    .orderBy('id')
    .execute()
}

/** How many of the digests are manifests. */
export async function countManifests(db: Database, digests: readonly string[]): Promise<number> {
  const row = await db
    .selectFrom('manifests')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where(sql<boolean>`digest = any(${[...digests]}::text[])`)
    .executeTakeFirstOrThrow()

  return Number(row.count)
}

/** By how many artifacts each of the blobs is referenced whose grace is over and that the trash does not keep. */
export async function countReferences(
  db: Database,
  blobIds: readonly number[],
  graceSeconds: number,
): Promise<{ id: number; count: number }[]> {
  const result = await sql<{ id: number; count: number }>`
    SELECT b.id, count(*)::int AS count FROM blobs b JOIN artifact_blobs ab ON ab.blob_id = b.id
    WHERE b.id = any(${[...blobIds]}::bigint[]) AND b.offer_time < now() - make_interval(secs => ${graceSeconds})
      AND NOT EXISTS (SELECT FROM trashed_blobs tb WHERE tb.blob_id = b.id)
    GROUP BY b.id`.execute(db)

  return result.rows
}

/** How many of the artifacts reference each blob, those that any does. */
export async function countFromArtifacts(
  db: Database,
  artifactIds: readonly number[],
): Promise<{ id: number; count: number }[]> {
  const result = await sql<{ id: number; count: number }>`
    SELECT blob_id AS id, count(*)::int AS count FROM artifact_blobs
    WHERE artifact_id = any(${[...artifactIds]}::bigint[]) GROUP BY blob_id`.execute(db)

  return result.rows
}

/** An artifact without a tag, and where it is. */
export interface UntaggedArtifact {
  id: number
  digest: string
  repositoryId: number
  repositoryName: string
  projectId: number
  projectName: string
}

/** The next artifacts without a tag, in the order of ids. */
export async function findUntagged(
  db: Database,
  page: { after: number; limit: number; graceSeconds: number },
): Promise<UntaggedArtifact[]> {
  const result = await sql<UntaggedArtifact>`
    SELECT a.id, a.digest, r.id AS "repositoryId", r.name AS "repositoryName",
      p.id AS "projectId", p.name AS "projectName"
    FROM artifacts a
    JOIN repositories r ON r.id = a.repository_id AND r.deletion_time IS NULL
    JOIN projects p ON p.id = r.project_id AND p.deletion_time IS NULL
    WHERE a.id > ${page.after} AND ${isOutOfUse(page.graceSeconds)}
    ORDER BY a.id LIMIT ${page.limit}`.execute(db)

  return result.rows
}

/** Whether one is still what `findUntagged` finds. */
export async function isUntagged(tx: Database, id: number, graceSeconds: number): Promise<boolean> {
  const result = await sql`
    SELECT a.id FROM artifacts a WHERE a.id = ${id} AND ${isOutOfUse(graceSeconds)}`.execute(tx)

  return result.rows.length > 0
}

/**
 * Artifacts (`a`) that have no tag, belong to no index and no other artifact, and were pushed longer ago than the grace: who
 * pushes by digest may be about to tag.
 */
function isOutOfUse(graceSeconds: number): RawBuilder<boolean> {
  return sql<boolean>`a.push_time < now() - make_interval(secs => ${graceSeconds})
    AND ${standsAlone('a')}
    AND NOT EXISTS (SELECT FROM tags t WHERE t.artifact_id = a.id)
    AND NOT EXISTS (
      SELECT FROM artifact_children c JOIN artifacts i ON i.id = c.artifact_id
      WHERE c.child_digest = a.digest AND i.repository_id = a.repository_id)`
}
