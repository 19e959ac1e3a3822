import { sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import { isNamed } from '../repositories/trash-store.ts'

/** Those of the blobs that artifacts in live repositories of the project reference, and in those that are being restored, but for one repository. */
export async function findReferenced(
  db: Database,
  projectId: number,
  blobIds: readonly number[],
  exceptRepositoryId = 0,
): Promise<number[]> {
  const result = await sql<{ blob_id: number }>`
    SELECT b.blob_id FROM unnest(${[...blobIds]}::bigint[]) AS b(blob_id)
    WHERE EXISTS (
      SELECT FROM artifact_blobs ab JOIN repositories r ON r.id = ab.repository_id
      WHERE ab.blob_id = b.blob_id AND ab.repository_id <> ${exceptRepositoryId}
        AND r.project_id = ${projectId} AND ${isNamed('r')})`.execute(db)

  return result.rows.map((row) => row.blob_id)
}

/** Those of the blobs that any artifact references, wherever and in whatever state it is, the trash included. */
export async function findUsed(db: Database, blobIds: readonly number[]): Promise<number[]> {
  const result = await sql<{ blob_id: number }>`
    SELECT b.blob_id FROM unnest(${[...blobIds]}::bigint[]) AS b(blob_id)
    WHERE EXISTS (SELECT FROM artifact_blobs ab WHERE ab.blob_id = b.blob_id)
      OR EXISTS (SELECT FROM trashed_blobs tb WHERE tb.blob_id = b.blob_id)`.execute(db)

  return result.rows.map((row) => row.blob_id)
}

/** The distinct blobs that artifacts reference. */
export async function findBlobsOfArtifacts(db: Database, artifactIds: readonly number[]): Promise<number[]> {
  const result = await sql<{ blob_id: number }>`
    SELECT DISTINCT blob_id FROM artifact_blobs WHERE artifact_id = any(${[...artifactIds]}::bigint[])`.execute(
    db,
  )

  return result.rows.map((row) => row.blob_id)
}

/** The artifacts of a repository with the next digests, up to `limit` of them. */
export async function findNextArtifacts(
  db: Database,
  repositoryId: number,
  after: string,
  limit: number,
): Promise<{ id: number; digest: string }[]> {
  return await db
    .selectFrom('artifacts')
    .select(['id', 'digest'])
    .where('repository_id', '=', repositoryId)
    .where('digest', '>', after)
    .orderBy('digest')
    .limit(limit)
    .execute()
}

/** How many artifacts a repository has, those that lists do not show included. */
export async function countArtifactRows(db: Database, repositoryId: number): Promise<number> {
  const row = await db
    .selectFrom('artifacts')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('repository_id', '=', repositoryId)
    .executeTakeFirstOrThrow()

  return Number(row.count)
}

/** Blobs that artifacts of a repository reference and the repository offers, with what they count. */
export async function listOfferedBlobs(
  db: Database,
  repositoryId: number,
  artifactIds: readonly number[],
): Promise<{ id: number; size: number }[]> {
  const result = await sql<{ id: number; size: number }>`
    SELECT b.id, b.size FROM blobs b
    JOIN repository_blobs rb ON rb.repository_id = ${repositoryId} AND rb.blob_id = b.id
    WHERE b.id IN (SELECT blob_id FROM artifact_blobs WHERE artifact_id = any(${[...artifactIds]}::bigint[]))`.execute(
    db,
  )

  return result.rows
}

/** The distinct blobs that the artifacts of a repository reference; undefined for more artifacts than `most`. */
export async function findBlobsOfRepository(
  db: Database,
  repositoryId: number,
  most: number,
): Promise<number[] | undefined> {
  const artifacts = await db
    .selectFrom('artifacts')
    .select('id')
    .where('repository_id', '=', repositoryId)
    .limit(most + 1)
    .execute()
  if (artifacts.length > most) return undefined

  return await findBlobsOfArtifacts(
    db,
    artifacts.map((artifact) => artifact.id),
  )
}

/**
 * The project of a repository, deleted or not, and the distinct blobs that artifacts reference. The repository is
 * held against its move to another project.
 */
export async function holdForRelease(
  tx: Database,
  repositoryId: number,
  artifactIds: readonly number[],
): Promise<{ projectId: number; blobIds: number[] } | undefined> {
  const result = await sql<{ project_id: number; blob_ids: string[] }>`
    WITH held AS MATERIALIZED (SELECT project_id FROM repositories WHERE id = ${repositoryId} FOR KEY SHARE)
    SELECT project_id, array(
      SELECT DISTINCT blob_id FROM artifact_blobs
      WHERE artifact_id = any(${[...artifactIds]}::bigint[]))::text[] AS blob_ids
    FROM held`.execute(tx)
  const row = result.rows[0]

  return row && { projectId: row.project_id, blobIds: row.blob_ids.map(Number) }
}

/** Blobs that began to count within a span of time and that nothing in their project references (any more). */
export async function findUnreferenced(
  db: Database,
  span: { from: Date; to: Date },
  limit: number,
): Promise<{ projectId: number; blobId: number }[]> {
  const result = await sql<{ project_id: number; blob_id: number }>`
    SELECT pb.project_id, pb.blob_id FROM project_blobs pb
    WHERE pb.creation_time >= ${span.from} AND pb.creation_time < ${span.to} AND NOT EXISTS (
      SELECT FROM artifact_blobs ab JOIN repositories r ON r.id = ab.repository_id
      WHERE ab.blob_id = pb.blob_id AND r.project_id = pb.project_id AND ${isNamed('r')})
    LIMIT ${limit}`.execute(db)

  return result.rows.map((row) => ({ projectId: row.project_id, blobId: row.blob_id }))
}

/**
 * Blobs that count in the project because a repository references them, or because it offers them and nothing in
 * the project references them.
 */
export async function listCountedOf(
  db: Database,
  repositoryId: number,
  projectId: number,
): Promise<{ id: number; size: number }[]> {
  const result = await sql<{ id: number; size: number }>`
    SELECT pb.blob_id AS id, pb.bytes AS size FROM project_blobs pb
    WHERE pb.project_id = ${projectId} AND (
      pb.blob_id IN (
        SELECT ab.blob_id FROM artifacts a JOIN artifact_blobs ab ON ab.artifact_id = a.id
        WHERE a.repository_id = ${repositoryId})
      OR pb.blob_id IN (SELECT blob_id FROM repository_blobs WHERE repository_id = ${repositoryId})
        AND NOT EXISTS (
          SELECT FROM artifact_blobs ab JOIN repositories r ON r.id = ab.repository_id
          WHERE ab.blob_id = pb.blob_id AND r.project_id = pb.project_id AND ${isNamed('r')}))`.execute(db)

  return result.rows
}

/** Blobs that artifacts in live repositories of the project reference and repositories offer, with what they count. */
export async function listReferencedBlobs(
  db: Database,
  projectId: number,
): Promise<{ id: number; size: number }[]> {
  const result = await sql<{ id: number; size: number }>`
    SELECT DISTINCT b.id, b.size
    FROM repositories r
    JOIN artifacts a ON a.repository_id = r.id
    JOIN artifact_blobs ab ON ab.artifact_id = a.id
    JOIN repository_blobs rb ON rb.repository_id = r.id AND rb.blob_id = ab.blob_id
    JOIN blobs b ON b.id = ab.blob_id
    WHERE r.project_id = ${projectId} AND ${isNamed('r')}`.execute(db)

  return result.rows
}
