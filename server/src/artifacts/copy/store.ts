import { sql } from 'kysely'
import type { Database } from '../../platform/db/database.ts'

/** An artifact that is to be copied. */
export interface Member {
  id: number
  digest: string
}

/**
 * An artifact with everything that belongs to it: children, accessories, and theirs; at most `limit` of them.
 * Each once, also where tags have made two of them accessories of each other.
 */
export async function findFamily(
  db: Database,
  repositoryId: number,
  rootId: number,
  limit: number,
): Promise<Member[]> {
  const result = await sql<Member>`
    WITH RECURSIVE family AS (
      SELECT id, digest FROM artifacts WHERE id = ${rootId}
      UNION
      SELECT relative.id, relative.digest FROM family
      CROSS JOIN LATERAL (
        SELECT a.id, a.digest FROM artifact_children c
        JOIN artifacts a ON a.repository_id = ${repositoryId} AND a.digest = c.child_digest
        WHERE c.artifact_id = family.id
        UNION ALL
        SELECT a.id, a.digest FROM artifacts a
        WHERE a.repository_id = ${repositoryId} AND a.accessory_of = family.digest
      ) AS relative
    )
    SELECT id, digest FROM family LIMIT ${limit}`.execute(db)

  return result.rows
}

/** Whether an artifact belongs to another one. */
export async function isAccessory(db: Database, id: number): Promise<boolean> {
  const row = await db
    .selectFrom('artifacts')
    .select('id')
    .where('id', '=', id)
    .where('accessory_of', 'is not', null)
    .executeTakeFirst()

  return row !== undefined
}

/** Digests of all that the artifacts are made of, manifests included. */
export async function findBlobDigests(db: Database, artifactIds: readonly number[]): Promise<string[]> {
  const result = await sql<{ digest: string }>`
    SELECT DISTINCT b.digest FROM artifact_blobs ab JOIN blobs b ON b.id = ab.blob_id
    WHERE ab.artifact_id = ANY(${[...artifactIds]}::bigint[])`.execute(db)

  return result.rows.map((row) => row.digest)
}

/**
 * Locks the originals, against their deletion, and what a copy may change in the target, by id and all in one statement.
 * Answers which of the originals are there, and the ids of the others.
 */
export async function lockMembers(
  tx: Database,
  originals: readonly number[],
  target: { repositoryId: number; ids: readonly number[]; digests: readonly string[] },
): Promise<{ held: Set<number>; affected: number[] }> {
  const result = await sql<{ id: number; repositoryId: number }>`
    SELECT id, repository_id AS "repositoryId" FROM artifacts
    WHERE id = ANY(${[...originals, ...target.ids]}::bigint[])
      OR repository_id = ${target.repositoryId} AND digest = ANY(${[...target.digests]}::text[])
    ORDER BY id FOR NO KEY UPDATE`.execute(tx)
  const wanted = new Set(originals)

  return {
    held: new Set(result.rows.map((row) => row.id).filter((id) => wanted.has(id))),
    affected: result.rows.filter((row) => row.repositoryId === target.repositoryId).map((row) => row.id),
  }
}

/** Tags to be copied: all of the artifact itself, and those by which its accessories say whose they are. */
export async function findTagsToCopy(
  db: Database,
  rootId: number,
  ids: readonly number[],
): Promise<{ name: string; digest: string }[]> {
  const result = await sql<{ name: string; digest: string }>`
    SELECT t.name, a.digest FROM tags t JOIN artifacts a ON a.id = t.artifact_id
    WHERE a.id = ANY(${[...ids]}::bigint[])
      AND (a.id = ${rootId} OR (a.accessory_of IS NOT NULL AND t.name ~ '^sha256-[0-9a-f]{64}\\.'))`.execute(
    db,
  )

  return result.rows
}

/** Makes the artifacts anew in another repository, those that it does not have; answers ids there by digest. */
export async function insertCopies(
  tx: Database,
  repositoryId: number,
  sourceIds: readonly number[],
): Promise<{ ids: Map<string, number>; created: Set<string> }> {
  const inserted = await sql<{ digest: string }>`
    INSERT INTO artifacts (repository_id, digest, media_type, artifact_type, manifest_size, size, subject_digest,
      annotations, type, config_media_type, extra_attrs, icon, accessory_type, accessory_of)
    SELECT ${repositoryId}, digest, media_type, artifact_type, manifest_size, size, subject_digest,
      annotations, type, config_media_type, extra_attrs, icon, accessory_type, accessory_of
    FROM artifacts WHERE id = ANY(${[...sourceIds]}::bigint[]) ORDER BY digest
    ON CONFLICT (repository_id, digest) DO NOTHING
    RETURNING digest`.execute(tx)
  const found = await sql<{ id: number; digest: string }>`
    SELECT copy.id, copy.digest FROM artifacts copy JOIN artifacts source ON source.digest = copy.digest
    WHERE copy.repository_id = ${repositoryId} AND source.id = ANY(${[...sourceIds]}::bigint[])`.execute(tx)

  return {
    ids: new Map(found.rows.map((row) => [row.digest, row.id])),
    created: new Set(inserted.rows.map((row) => row.digest)),
  }
}

/** Gives copies what their originals refer to. */
export async function copyReferences(
  tx: Database,
  repositoryId: number,
  sourceIds: readonly number[],
): Promise<void> {
  await sql`
    INSERT INTO artifact_blobs (artifact_id, repository_id, blob_id)
    SELECT copy.id, copy.repository_id, ab.blob_id FROM artifact_blobs ab
    JOIN artifacts source ON source.id = ab.artifact_id
    JOIN artifacts copy ON copy.repository_id = ${repositoryId} AND copy.digest = source.digest
    WHERE source.id = ANY(${[...sourceIds]}::bigint[])
    ON CONFLICT DO NOTHING`.execute(tx)
  await sql`
    INSERT INTO artifact_children (artifact_id, position, child_digest, platform, annotations)
    SELECT copy.id, c.position, c.child_digest, c.platform, c.annotations FROM artifact_children c
    JOIN artifacts source ON source.id = c.artifact_id
    JOIN artifacts copy ON copy.repository_id = ${repositoryId} AND copy.digest = source.digest
    WHERE source.id = ANY(${[...sourceIds]}::bigint[])
    ON CONFLICT DO NOTHING`.execute(tx)
}

/** Points tags of the repository at the copies of these digests, in name order, as pushes do; answers those it moved. */
export async function pointTags(
  tx: Database,
  repositoryId: number,
  tags: readonly { name: string; digest: string }[],
): Promise<string[]> {
  const result = await sql<{ name: string; existed: boolean }>`
    INSERT INTO tags (repository_id, name, artifact_id)
    SELECT ${repositoryId}, wanted.name, copy.id
    FROM unnest(${tags.map((tag) => tag.name)}::text[], ${tags.map((tag) => tag.digest)}::text[])
      AS wanted(name, digest)
    JOIN artifacts copy ON copy.repository_id = ${repositoryId} AND copy.digest = wanted.digest
    ORDER BY wanted.name
    ON CONFLICT (repository_id, name) DO UPDATE SET artifact_id = excluded.artifact_id, push_time = now()
    WHERE tags.artifact_id <> excluded.artifact_id
    RETURNING tags.name, xmax <> 0 AS existed`.execute(tx)

  return result.rows.filter((row) => row.existed).map((row) => row.name)
}
