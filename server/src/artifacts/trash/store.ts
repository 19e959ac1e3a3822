import { sql } from 'kysely'
import type { Database } from '../../platform/db/database.ts'
import type { Page } from '../../platform/db/list.ts'
import type { TrashedArtifact, TrashedManifest } from './model.ts'
import { selectTrashPage } from './page-store.ts'

/**
 * Puts (locked) artifacts into the trash, in the transaction that deletes their rows: one that was meant, and those that go
 * with it. Their blobs are kept from collection.
 */
export async function insertTrash(
  tx: Database,
  deletion: { rootId: number; artifactIds: readonly number[]; username: string; days: number },
): Promise<void> {
  const others = deletion.artifactIds.filter((id) => id !== deletion.rootId)
  const [root] = await insertRows(tx, [deletion.rootId], null, deletion)
  if (root !== undefined && others.length > 0) await insertRows(tx, others, root, deletion)
}

async function insertRows(
  tx: Database,
  artifactIds: readonly number[],
  root: number | null,
  { username, days }: { username: string; days: number },
): Promise<number[]> {
  const result = await sql<{ id: number }>`
    WITH gone AS (
      INSERT INTO trashed_artifacts
        (root_id, repository_id, digest, media_type, artifact_type, size, tags, username, expiry_time)
      SELECT ${root}::bigint, a.repository_id, a.digest, a.media_type, a.artifact_type, a.size,
        ARRAY(SELECT t.name FROM tags t WHERE t.artifact_id = a.id ORDER BY t.name), ${username},
        now() + make_interval(days => ${days})
      FROM artifacts a WHERE a.id = ANY(${[...artifactIds]}::bigint[])
      RETURNING id, repository_id, digest
    ), kept AS (
      INSERT INTO trashed_blobs (trash_id, blob_id)
      SELECT g.id, ab.blob_id FROM gone g
      JOIN artifacts a ON a.repository_id = g.repository_id AND a.digest = g.digest
      JOIN artifact_blobs ab ON ab.artifact_id = a.id
      ON CONFLICT DO NOTHING
    )
    SELECT id FROM gone`.execute(tx)

  return result.rows.map((row) => row.id)
}

/** One page of what can be restored in a project, the newest deletion first, and how much there is. */
export async function selectTrash(
  db: Database,
  projectId: number,
  page: Page,
): Promise<{ artifacts: TrashedArtifact[]; total: number }> {
  const { ids, total } = await selectTrashPage(db, 'artifacts', projectId, page)
  if (ids.length === 0) return { artifacts: [], total }
  const rows = await columns(trash(db, projectId))
    .where('trashed_artifacts.id', 'in', ids)
    .orderBy('trashed_artifacts.deletion_time', 'desc')
    .orderBy('trashed_artifacts.id', 'desc')
    .execute()

  return { artifacts: rows.map(toTrashed), total }
}

/** What can be restored of that id, if it is in a repository of the project. */
export async function findTrash(
  db: Database,
  projectId: number,
  id: number,
): Promise<TrashedArtifact | undefined> {
  const row = await columns(trash(db, projectId)).where('trashed_artifacts.id', '=', id).executeTakeFirst()

  return row && toTrashed(row)
}

/** The deletion by which the digest can be restored in a repository, the latest one. */
export async function findTrashOfDigest(
  db: Database,
  repositoryId: number,
  digest: string,
): Promise<number | undefined> {
  const row = await db
    .selectFrom('trashed_artifacts')
    .select(sql<number>`coalesce(root_id, id)`.as('root'))
    .where('repository_id', '=', repositoryId)
    .where('digest', '=', digest)
    .where('expiry_time', '>', sql<Date>`now()`)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()

  return row?.root
}

/** The manifests of one deletion, the one that was meant and those that went with it. */
export async function findManifests(db: Database, rootId: number): Promise<TrashedManifest[]> {
  const rows = await db
    .selectFrom('trashed_artifacts')
    .innerJoin('manifests', 'manifests.digest', 'trashed_artifacts.digest')
    .select(['trashed_artifacts.digest', 'media_type', 'tags', 'body'])
    .where((eb) => eb.or([eb('trashed_artifacts.id', '=', rootId), eb('root_id', '=', rootId)]))
    .orderBy('trashed_artifacts.id')
    .execute()

  return rows.map((row) => ({
    digest: row.digest,
    mediaType: row.media_type,
    tags: row.tags,
    body: row.body,
  }))
}

/** Locks one deletion against its expiry and against others who restore or purge it; answers whether it is there. */
export async function lockTrash(tx: Database, rootId: number): Promise<boolean> {
  const row = await tx
    .selectFrom('trashed_artifacts')
    .select('id')
    .where('id', '=', rootId)
    .forUpdate()
    .executeTakeFirst()

  return row !== undefined
}

/** Takes a (locked) deletion out of the trash; answers the blobs that it kept. */
export async function deleteTrash(tx: Database, rootId: number): Promise<number[]> {
  const result = await sql<{ blob_id: number }>`
    WITH gone AS (DELETE FROM trashed_artifacts WHERE id = ${rootId} OR root_id = ${rootId} RETURNING id)
    SELECT DISTINCT b.blob_id FROM trashed_blobs b JOIN gone ON gone.id = b.trash_id`.execute(tx)

  return result.rows.map((row) => row.blob_id)
}

/** Takes up to `limit` deletions out of the trash whose time is over; answers how many. */
export async function deleteExpired(db: Database, limit: number): Promise<number> {
  const result = await sql<{ count: number }>`
    WITH old AS (
      SELECT id FROM trashed_artifacts WHERE root_id IS NULL AND expiry_time <= now()
      ORDER BY expiry_time LIMIT ${limit} FOR UPDATE SKIP LOCKED
    ), members AS (DELETE FROM trashed_artifacts WHERE root_id IN (SELECT id FROM old)
    ), roots AS (DELETE FROM trashed_artifacts WHERE id IN (SELECT id FROM old))
    SELECT count(*) AS count FROM old`.execute(db)

  return Number(result.rows[0]?.count ?? 0)
}

/** Takes up to `limit` rows of a repository out of the trash; answers how many, and the blobs that they kept. */
export async function deleteSomeTrash(
  db: Database,
  repositoryId: number,
  limit: number,
): Promise<{ count: number; blobIds: number[] }> {
  const result = await sql<{ count: number; ids: string[] }>`
    WITH gone AS (
      DELETE FROM trashed_artifacts WHERE id = ANY(ARRAY(
        SELECT id FROM trashed_artifacts WHERE repository_id = ${repositoryId} LIMIT ${limit}))
      RETURNING id)
    SELECT (SELECT count(*) FROM gone) AS count, array(
      SELECT DISTINCT b.blob_id FROM trashed_blobs b JOIN gone ON gone.id = b.trash_id)::text[] AS ids`.execute(
    db,
  )
  const { count = 0, ids = [] } = result.rows[0] ?? {}

  return { count: Number(count), blobIds: ids.map(Number) }
}

function trash(db: Database, projectId: number) {
  return db
    .selectFrom('trashed_artifacts')
    .innerJoin('repositories', 'repositories.id', 'trashed_artifacts.repository_id')
    .innerJoin('projects', 'projects.id', 'repositories.project_id')
    .where('trashed_artifacts.root_id', 'is', null)
    .where('trashed_artifacts.expiry_time', '>', sql<Date>`now()`)
    .where('repositories.project_id', '=', projectId)
    .where('repositories.deletion_time', 'is', null)
}

function columns(query: ReturnType<typeof trash>) {
  return query.select([
    'trashed_artifacts.id',
    'trashed_artifacts.repository_id',
    'repositories.project_id',
    'projects.name as project',
    'repositories.name as repository',
    'trashed_artifacts.digest',
    'trashed_artifacts.media_type',
    'trashed_artifacts.artifact_type',
    'trashed_artifacts.size',
    'trashed_artifacts.tags',
    'trashed_artifacts.username',
    'trashed_artifacts.deletion_time',
    'trashed_artifacts.expiry_time',
  ])
}

type Row = Awaited<ReturnType<ReturnType<typeof columns>['execute']>>[number]

function toTrashed(row: Row): TrashedArtifact {
  return {
    id: row.id,
    repositoryId: row.repository_id,
    projectId: row.project_id,
    projectName: row.project,
    repositoryName: row.repository,
    digest: row.digest,
    mediaType: row.media_type,
    artifactType: row.artifact_type ?? undefined,
    size: row.size,
    tags: row.tags,
    username: row.username,
    deletionTime: row.deletion_time,
    expiryTime: row.expiry_time,
  }
}
