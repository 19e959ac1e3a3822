import { type RawBuilder, sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'

/**
 * Keeps `artifacts.listed` and the counts of a repository. Whether an artifact is listed depends on its tags and on the
 * indexes that list it, so whoever changes those for an artifact holds its row. Locks are taken tags first, all by name,
 * then artifacts, all by id: nobody waits in a circle.
 */

/**
 * Locks the tags of these names that exist, and the names of those that do not: whoever is about to make one meets others who
 * are before he holds an artifact that they wait for (`lock_tags` of the migrations). Answers the artifacts that the tags
 * name now.
 */
export async function lockTags(
  tx: Database,
  repositoryId: number,
  names: readonly string[],
): Promise<number[]> {
  if (names.length === 0) return []
  const result = await sql<{ ids: number[] }>`
    SELECT to_jsonb(lock_tags(${repositoryId}, ${namesToLock(names)}::text[])) AS ids`.execute(tx)

  return result.rows[0]?.ids ?? []
}

/** Each name once, in the one order in which everybody locks them. */
export function namesToLock(names: readonly string[]): string[] {
  return [...new Set(names)].sort()
}

/** An artifact that is held until the transaction ends. */
export interface HeldArtifact {
  id: number
  digest: string
  listed: boolean
  /** Of its manifest. */
  size: number
  /** With all that it references. */
  total: number
}

/**
 * Locks artifacts of a repository, by id and by digest, all in one statement: those that are written, those whose place in
 * lists may change, and those that something is to refer to, so that nobody deletes them. Once a transaction.
 */
export async function lockArtifacts(
  tx: Database,
  repositoryId: number,
  { ids, digests }: { ids: readonly number[]; digests: readonly string[] },
): Promise<HeldArtifact[]> {
  if (ids.length === 0 && digests.length === 0) return []

  return await tx
    .selectFrom('artifacts')
    .select(['id', 'digest', 'listed', 'manifest_size as size', 'size as total'])
    .where('repository_id', '=', repositoryId)
    .where(sql<boolean>`(id = ANY(${[...ids]}::bigint[]) OR digest = ANY(${[...digests]}::text[]))`)
    .orderBy('id')
    .forNoKeyUpdate()
    .execute()
}

/** Ids of artifacts. */
export function idsOf(artifacts: readonly { id: number }[]): number[] {
  return artifacts.map(({ id }) => id)
}

/**
 * Whether a row of `artifacts` is nobody's accessory: it names no subject, or one that the repository does not have (any more).
 * Then it is shown as an artifact of its own, so that it can be found and deleted.
 */
export function standsAlone(alias: string): RawBuilder<boolean> {
  const row = sql.id(alias)
  return sql<boolean>`(coalesce(${row}.accessory_of, ${row}.subject_digest) IS NULL OR NOT EXISTS (
    SELECT FROM artifacts subject WHERE subject.repository_id = ${row}.repository_id
      AND subject.digest IN (${row}.accessory_of, ${row}.subject_digest)))`
}

/** Lists those of the (locked) artifacts that belong into lists, takes the others out, and counts what that changed. */
export async function relist(tx: Database, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return
  await sql`
    WITH found AS (
      SELECT a.id, a.listed AS before,
        EXISTS (SELECT FROM tags t WHERE t.artifact_id = a.id) AS tagged,
        ${standsAlone('a')} AS stands,
        EXISTS (
          SELECT FROM artifact_children c JOIN artifacts p ON p.id = c.artifact_id
          WHERE c.child_digest = a.digest AND p.repository_id = a.repository_id) AS child
      FROM artifacts a WHERE a.id = ANY(${[...ids]}::bigint[])
    ), wanted AS (
      SELECT id, before, tagged, stands AND (tagged OR NOT child) AS listed FROM found
    ), written AS (
      UPDATE artifacts SET listed = wanted.listed, tagged = wanted.tagged FROM wanted
      WHERE artifacts.id = wanted.id
        AND (artifacts.listed <> wanted.listed OR artifacts.tagged <> wanted.tagged)
      RETURNING artifacts.repository_id, artifacts.listed, wanted.before
    ), changed AS (
      SELECT repository_id, listed FROM written WHERE listed <> before
    )
    INSERT INTO artifact_counts (repository_id, delta)
    SELECT repository_id, sum(CASE WHEN listed THEN 1 ELSE -1 END) FROM changed
    GROUP BY repository_id HAVING sum(CASE WHEN listed THEN 1 ELSE -1 END) <> 0`.execute(tx)
}

/** Deletes (locked) artifacts with their tags and references, and counts them out. */
export async function deleteArtifactRows(tx: Database, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return
  await sql`
    WITH gone AS (
      DELETE FROM artifacts WHERE id = ANY(${[...ids]}::bigint[]) RETURNING repository_id, listed
    )
    INSERT INTO artifact_counts (repository_id, delta)
    SELECT repository_id, -count(*) FROM gone WHERE listed GROUP BY repository_id`.execute(tx)
}

/** How many artifacts each repository lists. Repositories without any may be left out. */
export async function countArtifacts(
  db: Database,
  repositoryIds: readonly number[],
): Promise<Map<number, number>> {
  if (repositoryIds.length === 0) return new Map()
  const rows = await db
    .selectFrom('artifact_counts')
    .select(['repository_id', sql<string>`sum(delta)`.as('count')])
    .where(sql<boolean>`repository_id = ANY(${[...repositoryIds]}::bigint[])`)
    .groupBy('repository_id')
    .execute()

  return new Map(rows.map((row) => [row.repository_id, Number(row.count)]))
}

// So many can be told in one event, and looked up in a moment whatever the size of the repository.
const MOST_TOLD = 1000
const MOST_TAGS_TOLD = 20

/** The newest artifacts that a repository lists, with some of their tags: none is sorted that is not told. */
export async function selectNewest(
  db: Database,
  repositoryId: number,
): Promise<{ digest: string; tags: string[] }[]> {
  const result = await sql<{ digest: string; tags: string[] }>`
    SELECT digest, ARRAY(SELECT name FROM
      (SELECT name FROM tags WHERE artifact_id = a.id LIMIT ${MOST_TAGS_TOLD}) t ORDER BY name) AS tags
    FROM artifacts a WHERE repository_id = ${repositoryId} AND listed
    ORDER BY push_time DESC, id DESC LIMIT ${MOST_TOLD}`.execute(db)

  return result.rows
}

/** Sums the rows of each repository up to one. Exact whatever runs beside it: rows are taken and put in one statement. */
export async function foldCounts(db: Database): Promise<void> {
  await sql`
    WITH gone AS (
      DELETE FROM artifact_counts WHERE repository_id IN (
        SELECT repository_id FROM artifact_counts GROUP BY repository_id HAVING count(*) > 1)
      RETURNING repository_id, delta
    )
    INSERT INTO artifact_counts (repository_id, delta)
    SELECT repository_id, sum(delta) FROM gone GROUP BY repository_id HAVING sum(delta) <> 0`.execute(db)
}

/** The repositories with an artifact that contains the blob. */
export async function findRepositoriesWithBlob(db: Database, digest: string): Promise<number[]> {
  const result = await sql<{ repository_id: number }>`
    SELECT DISTINCT a.repository_id FROM blobs b
    JOIN artifact_blobs ab ON ab.blob_id = b.id
    JOIN artifacts a ON a.id = ab.artifact_id
    WHERE b.digest = ${digest}`.execute(db)

  return result.rows.map((row) => row.repository_id)
}
