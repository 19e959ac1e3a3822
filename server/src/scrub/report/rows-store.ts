import { sql } from 'kysely'
import type { Database } from '../../platform/db/database.ts'

/** Runs `work` on one state of the database, whatever is written meanwhile, and writes nothing. */
export function withSnapshot<Result>(db: Database, work: (tx: Database) => Promise<Result>): Promise<Result> {
  return db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only').execute(work)
}

/** Bodies of manifests in the order of digests. */
export async function pageBodies(
  db: Database,
  after: string,
  limit: number,
): Promise<{ digest: string; body: Buffer }[]> {
  const result = await sql<{ digest: string; body: Buffer }>`
    SELECT digest, body FROM manifests WHERE digest > ${after} ORDER BY digest LIMIT ${limit}`.execute(db)

  return result.rows
}

/** An artifact, or one in the trash, and the body of its manifest. */
export interface ManifestRow {
  id: number
  /** `project/repository@digest` */
  name: string
  digest: string
  mediaType: string
  /** Bytes that the manifest should have; the trash does not say. */
  size: number | null
  body: Buffer | null
}

/** Artifacts in the order of ids. */
export async function pageArtifacts(db: Database, after: number, limit: number): Promise<ManifestRow[]> {
  const result = await sql<ManifestRow>`
    SELECT a.id, p.name || '/' || r.name || '@' || a.digest AS name, a.digest, a.media_type AS "mediaType",
      a.manifest_size AS size, m.body
    FROM artifacts a
    JOIN repositories r ON r.id = a.repository_id JOIN projects p ON p.id = r.project_id
    LEFT JOIN manifests m ON m.digest = a.digest
    WHERE a.id > ${after} ORDER BY a.id LIMIT ${limit}`.execute(db)

  return result.rows
}

/** What is in the trash, in the order of ids. */
export async function pageTrashed(db: Database, after: number, limit: number): Promise<ManifestRow[]> {
  const result = await sql<ManifestRow>`
    SELECT t.id, p.name || '/' || r.name || '@' || t.digest AS name, t.digest, t.media_type AS "mediaType",
      NULL::bigint AS size, m.body
    FROM trashed_artifacts t
    JOIN repositories r ON r.id = t.repository_id JOIN projects p ON p.id = r.project_id
    LEFT JOIN manifests m ON m.digest = t.digest
    WHERE t.id > ${after} ORDER BY t.id LIMIT ${limit}`.execute(db)

  return result.rows
}

/** A blob that rows say an artifact references. */
export interface ReferenceRow {
  /** The artifact, or what is in the trash. */
  id: number
  digest: string
  size: number
  stored: boolean
  /** Whether it ever had an object. */
  ever: boolean
}

/** What rows say that artifacts reference. */
export async function findReferences(
  db: Database,
  store: string,
  of: 'artifacts' | 'trash',
  ids: readonly number[],
): Promise<ReferenceRow[]> {
  const references =
    of === 'artifacts'
      ? sql`SELECT artifact_id AS id, blob_id FROM artifact_blobs WHERE artifact_id = any(${[...ids]}::bigint[])`
      : sql`SELECT trash_id AS id, blob_id FROM trashed_blobs WHERE trash_id = any(${[...ids]}::bigint[])`
  const result = await sql<ReferenceRow>`
    SELECT x.id, b.digest, b.size,
      EXISTS (SELECT FROM blob_objects o WHERE o.blob_id = b.id AND o.store = ${store} AND o.state = 'stored') AS stored,
      EXISTS (SELECT FROM blob_objects o WHERE o.blob_id = b.id) AS ever
    FROM (${references}) x JOIN blobs b ON b.id = x.blob_id`.execute(db)

  return result.rows
}

/** What rows say that indexes list, and whether it is in their repository. */
export async function findChildren(
  db: Database,
  artifactIds: readonly number[],
): Promise<{ id: number; digest: string; there: boolean }[]> {
  const result = await sql<{ id: number; digest: string; there: boolean }>`
    SELECT c.artifact_id AS id, c.child_digest AS digest, EXISTS (
      SELECT FROM artifacts child
      WHERE child.repository_id = a.repository_id AND child.digest = c.child_digest) AS there
    FROM artifact_children c JOIN artifacts a ON a.id = c.artifact_id
    WHERE c.artifact_id = any(${[...artifactIds]}::bigint[])`.execute(db)

  return result.rows
}

/** Tags whose artifact is not there, or in another repository. */
export async function findStrayTags(db: Database, limit: number): Promise<string[]> {
  const result = await sql<{ name: string }>`
    SELECT p.name || '/' || r.name || ':' || t.name AS name
    FROM tags t LEFT JOIN artifacts a ON a.id = t.artifact_id
    JOIN repositories r ON r.id = t.repository_id JOIN projects p ON p.id = r.project_id
    WHERE a.id IS NULL OR a.repository_id <> t.repository_id LIMIT ${limit}`.execute(db)

  return result.rows.map(({ name }) => name)
}

/** Blobs whose rows contradict each other: collected with bytes, or more than one object. */
export async function findContradictions(
  db: Database,
  store: string,
  limit: number,
): Promise<{ digest: string; size: number }[]> {
  const result = await sql<{ digest: string; size: number }>`
    SELECT b.digest, b.size FROM blobs b JOIN blob_objects o ON o.blob_id = b.id
    WHERE o.store = ${store} AND o.state = 'stored'
    GROUP BY b.id HAVING b.collected OR count(*) > 1 LIMIT ${limit}`.execute(db)

  return result.rows
}

/** What a project uses by its own account, and what it would have to. */
export interface UsageRow {
  name: string
  used: number
  counted: number
  referenced: number
  /** Bytes that count and that nothing references (yet, or any more). */
  pending: number
  uncounted: number
  uncountedBytes: number
}

/** What projects use. */
export async function readUsages(db: Database): Promise<UsageRow[]> {
  const result = await sql<UsageRow>`
    WITH needed AS MATERIALIZED (
      SELECT r.project_id, ab.blob_id, bool_or(rb.blob_id IS NOT NULL) AS offered
      FROM artifact_blobs ab
      JOIN repositories r ON r.id = ab.repository_id AND r.deletion_time IS NULL
      LEFT JOIN repository_blobs rb ON rb.repository_id = r.id AND rb.blob_id = ab.blob_id
      GROUP BY r.project_id, ab.blob_id),
    used AS (SELECT project_id, sum(bytes)::bigint AS bytes FROM quota_usage GROUP BY project_id),
    counted AS (
      SELECT pb.project_id, sum(pb.bytes)::bigint AS bytes,
        coalesce(sum(pb.bytes) FILTER (WHERE n.blob_id IS NOT NULL), 0)::bigint AS referenced
      FROM project_blobs pb LEFT JOIN needed n ON n.project_id = pb.project_id AND n.blob_id = pb.blob_id
      GROUP BY pb.project_id),
    uncounted AS (
      SELECT n.project_id, count(*) AS blobs, sum(b.size)::bigint AS bytes
      FROM needed n JOIN blobs b ON b.id = n.blob_id
      WHERE n.offered AND NOT EXISTS (
        SELECT FROM project_blobs pb WHERE pb.project_id = n.project_id AND pb.blob_id = n.blob_id)
      GROUP BY n.project_id)
    SELECT p.name, coalesce(u.bytes, 0) AS used, coalesce(c.bytes, 0) AS counted,
      coalesce(c.referenced, 0) AS referenced, coalesce(c.bytes - c.referenced, 0) AS pending,
      coalesce(n.blobs, 0) AS uncounted, coalesce(n.bytes, 0) AS "uncountedBytes"
    FROM projects p
    LEFT JOIN used u ON u.project_id = p.id
    LEFT JOIN counted c ON c.project_id = p.id
    LEFT JOIN uncounted n ON n.project_id = p.id
    WHERE p.deletion_time IS NULL ORDER BY p.name`.execute(db)

  return result.rows
}

/** How much is in a state that will not last. */
export async function readPassing(
  db: Database,
  store: string,
): Promise<{ what: string; count: number; bytes: number }[]> {
  const result = await sql<{ what: string; count: number; bytes: number }>`
    SELECT 'unreferenced' AS what, count(*) AS count, coalesce(sum(b.size), 0)::bigint AS bytes
    FROM blob_objects o JOIN blobs b ON b.id = o.blob_id
    WHERE o.store = ${store} AND o.state = 'stored'
      AND NOT EXISTS (SELECT FROM artifact_blobs ab WHERE ab.blob_id = b.id)
      AND NOT EXISTS (SELECT FROM trashed_blobs tb WHERE tb.blob_id = b.id)
    UNION ALL
    SELECT 'deleting', count(*), coalesce(sum(b.size), 0)::bigint
    FROM doomed_objects d JOIN blob_objects o ON o.id = d.object_id JOIN blobs b ON b.id = o.blob_id
    WHERE o.store = ${store}
    UNION ALL
    SELECT o.state, count(*), coalesce(sum(b.size), 0)::bigint
    FROM blob_objects o JOIN blobs b ON b.id = o.blob_id
    WHERE o.store = ${store} AND o.state = 'quarantined' GROUP BY o.state`.execute(db)

  return result.rows
}
