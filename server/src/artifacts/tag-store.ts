import { sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'

/**
 * Points tags at an artifact, new ones and old ones; answers the old ones. In name order, so that two pushes never wait
 * in a circle.
 */
export async function upsertTags(
  tx: Database,
  repositoryId: number,
  artifactId: number,
  names: string[],
): Promise<string[]> {
  const result = await sql<{ name: string; existed: boolean }>`
    INSERT INTO tags (repository_id, name, artifact_id)
    SELECT ${repositoryId}, name, ${artifactId} FROM unnest(${[...names].sort()}::text[]) AS name
    ON CONFLICT (repository_id, name) DO UPDATE SET artifact_id = excluded.artifact_id, push_time = now()
    RETURNING name, xmax <> 0 AS existed`.execute(tx)

  return result.rows.filter((row) => row.existed).map((row) => row.name)
}

/** Those of the tags that name something else than is wanted. */
export async function findTagsElsewhere(
  tx: Database,
  repositoryId: number,
  wanted: readonly { name: string; digest: string }[],
): Promise<string[]> {
  const result = await sql<{ name: string }>`
    SELECT t.name FROM unnest(${wanted.map((tag) => tag.name)}::text[], ${wanted.map((tag) => tag.digest)}::text[])
      AS wanted(name, digest)
    JOIN tags t ON t.repository_id = ${repositoryId} AND t.name = wanted.name
    JOIN artifacts a ON a.id = t.artifact_id AND a.digest <> wanted.digest
    ORDER BY t.name`.execute(tx)

  return result.rows.map((row) => row.name)
}

/** Makes a tag; answers whether there was none of that name. */
export async function insertTag(
  tx: Database,
  repositoryId: number,
  artifactId: number,
  name: string,
): Promise<boolean> {
  const result = await tx
    .insertInto('tags')
    .values({ repository_id: repositoryId, name, artifact_id: artifactId })
    .onConflict((conflict) => conflict.columns(['repository_id', 'name']).doNothing())
    .executeTakeFirst()

  return (result.numInsertedOrUpdatedRows ?? 0n) > 0n
}

/** Removes a tag; answers the digest it named, or undefined where there is no such tag. */
export async function deleteTagRow(
  tx: Database,
  repositoryId: number,
  name: string,
): Promise<string | undefined> {
  const result = await sql<{ digest: string }>`
    DELETE FROM tags USING artifacts
    WHERE tags.repository_id = ${repositoryId} AND tags.name = ${name} AND artifacts.id = tags.artifact_id
    RETURNING artifacts.digest`.execute(tx)

  return result.rows[0]?.digest
}

/** Locks the tags of artifacts of one repository, in name order as pushes do, and answers their names. */
export async function lockTagsOfArtifacts(tx: Database, artifactIds: readonly number[]): Promise<string[]> {
  const rows = await tx
    .selectFrom('tags')
    .select('name')
    .where(sql<boolean>`artifact_id = ANY(${[...artifactIds]}::bigint[])`)
    .orderBy('name')
    .forUpdate()
    .execute()

  return rows.map((row) => row.name)
}

/** The tags of several artifacts, each with the digest that it names. */
export async function listTagsOfArtifacts(
  db: Database,
  artifactIds: readonly number[],
): Promise<{ name: string; digest: string }[]> {
  if (artifactIds.length === 0) return []
  const result = await sql<{ name: string; digest: string }>`
    SELECT t.name, a.digest FROM tags t JOIN artifacts a ON a.id = t.artifact_id
    WHERE t.artifact_id = ANY(${[...artifactIds]}::bigint[]) ORDER BY t.name`.execute(db)

  return result.rows
}

/** Those of the names that tags of the repository have. */
export async function findTagsThatExist(
  db: Database,
  repositoryId: number,
  names: readonly string[],
): Promise<string[]> {
  if (names.length === 0) return []
  const rows = await db
    .selectFrom('tags')
    .select('name')
    .where('repository_id', '=', repositoryId)
    .where(sql<boolean>`name = ANY(${[...names]}::text[])`)
    .execute()

  return rows.map((row) => row.name)
}

/** Tag names of a repository in byte order, those after `last`. */
export async function listTagNames(
  db: Database,
  repositoryId: number,
  page: { last: string; limit: number },
): Promise<string[]> {
  const rows = await db
    .selectFrom('tags')
    .select('name')
    .where('repository_id', '=', repositoryId)
    .where('name', '>', page.last)
    .orderBy('name')
    .limit(page.limit)
    .execute()

  return rows.map((row) => row.name)
}

/** Those of them that are like one of some patterns of LIKE. They come as one text: of many, most of the time is in their rows. */
export async function listTagNamesLike(
  db: Database,
  repositoryId: number,
  likenesses: readonly string[],
  page: { last: string; limit: number },
): Promise<string[]> {
  const like = likenesses.includes('%')
    ? sql`true`
    : sql`(${sql.join(
        likenesses.map((one) => sql`name LIKE ${one}`),
        sql` OR `,
      )})`
  const result = await sql<{ names: string | null }>`
    SELECT string_agg(name, E'\n') AS names FROM (
      SELECT name FROM tags WHERE repository_id = ${repositoryId} AND name > ${page.last} AND ${like}
      ORDER BY name LIMIT ${page.limit}) found`.execute(db)

  return result.rows[0]?.names?.split('\n') ?? []
}
