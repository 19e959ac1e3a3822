import { sql } from 'kysely'
import type { Database } from '../../../platform/db/database.ts'
import type { Page } from '../../../platform/db/list.ts'
import { selectTrashPage } from '../page-store.ts'
import type { TrashedTag } from './model.ts'

/** Puts a (locked) tag into the trash, in the transaction that deletes its row. */
export async function insertTrashedTag(
  tx: Database,
  tag: { repositoryId: number; name: string; digest: string; username: string; days: number },
): Promise<void> {
  const { repositoryId, name, digest, username, days } = tag
  await sql`
    INSERT INTO trashed_tags (repository_id, name, digest, username, expiry_time)
    VALUES (${repositoryId}, ${name}, ${digest}, ${username}, now() + make_interval(days => ${days}))
    ON CONFLICT (repository_id, name, digest) DO UPDATE
    SET username = excluded.username, deletion_time = now(), expiry_time = excluded.expiry_time`.execute(tx)
}

/** One page of the deleted tags of a project, the last deletion first, and how many there are. */
export async function selectTrashedTags(
  db: Database,
  projectId: number,
  page: Page,
): Promise<{ tags: TrashedTag[]; total: number }> {
  const { ids, total } = await selectTrashPage(db, 'tags', projectId, page)
  if (ids.length === 0) return { tags: [], total }
  const rows = await columns(trashedTags(db, projectId))
    .where('trashed_tags.id', 'in', ids)
    .orderBy('trashed_tags.deletion_time', 'desc')
    .orderBy('trashed_tags.id', 'desc')
    .execute()

  return { tags: rows.map(toTag), total }
}

/** The deleted tag of that id, if it is in a repository of the project. */
export async function findTrashedTag(
  db: Database,
  projectId: number,
  id: number,
): Promise<TrashedTag | undefined> {
  const row = await columns(trashedTags(db, projectId)).where('trashed_tags.id', '=', id).executeTakeFirst()

  return row && toTag(row)
}

/** Takes a tag out of the trash; answers whether it was there. */
export async function deleteTrashedTag(tx: Database, id: number): Promise<boolean> {
  const result = await tx.deleteFrom('trashed_tags').where('id', '=', id).executeTakeFirst()

  return result.numDeletedRows > 0n
}

/** Takes those tags out of the trash whose artifacts are about to leave it with one deletion, and are nowhere else. */
export async function deleteTrashedTagsOf(tx: Database, rootId: number): Promise<void> {
  await sql`
    DELETE FROM trashed_tags t USING trashed_artifacts a
    WHERE (a.id = ${rootId} OR a.root_id = ${rootId})
      AND t.repository_id = a.repository_id AND t.digest = a.digest
      AND NOT EXISTS (SELECT FROM artifacts p WHERE p.repository_id = a.repository_id AND p.digest = a.digest)
      AND NOT EXISTS (SELECT FROM trashed_artifacts o WHERE o.repository_id = a.repository_id
        AND o.digest = a.digest AND coalesce(o.root_id, o.id) <> ${rootId})`.execute(tx)
}

/** Takes up to `limit` tags out of the trash whose time is over; answers how many. */
export async function deleteExpiredTags(db: Database, limit: number): Promise<number> {
  const result = await sql`
    DELETE FROM trashed_tags WHERE id = ANY(ARRAY(
      SELECT id FROM trashed_tags WHERE expiry_time <= now() ORDER BY expiry_time LIMIT ${limit}))`.execute(
    db,
  )

  return Number(result.numAffectedRows ?? 0n)
}

/** Takes up to `limit` tags of a repository out of the trash; answers how many. */
export async function deleteSomeTrashedTags(
  db: Database,
  repositoryId: number,
  limit: number,
): Promise<number> {
  const result = await sql`
    DELETE FROM trashed_tags WHERE id = ANY(ARRAY(
      SELECT id FROM trashed_tags WHERE repository_id = ${repositoryId} LIMIT ${limit}))`.execute(db)

  return Number(result.numAffectedRows ?? 0n)
}

function trashedTags(db: Database, projectId: number) {
  return db
    .selectFrom('trashed_tags')
    .innerJoin('repositories', 'repositories.id', 'trashed_tags.repository_id')
    .innerJoin('projects', 'projects.id', 'repositories.project_id')
    .where('trashed_tags.expiry_time', '>', sql<Date>`now()`)
    .where('repositories.project_id', '=', projectId)
    .where('repositories.deletion_time', 'is', null)
}

function columns(query: ReturnType<typeof trashedTags>) {
  return query.select([
    'trashed_tags.id',
    'trashed_tags.repository_id',
    'repositories.project_id',
    'projects.name as project',
    'repositories.name as repository',
    'trashed_tags.name',
    'trashed_tags.digest',
    'trashed_tags.username',
    'trashed_tags.deletion_time',
    'trashed_tags.expiry_time',
    sql<TrashedTag['artifact']>`CASE
      WHEN EXISTS (SELECT FROM artifacts a
        WHERE a.repository_id = trashed_tags.repository_id AND a.digest = trashed_tags.digest) THEN 'present'
      WHEN EXISTS (SELECT FROM trashed_artifacts t WHERE t.repository_id = trashed_tags.repository_id
        AND t.digest = trashed_tags.digest AND t.expiry_time > now()) THEN 'trash'
      ELSE 'gone' END`.as('artifact'),
  ])
}

type Row = Awaited<ReturnType<ReturnType<typeof columns>['execute']>>[number]

function toTag(row: Row): TrashedTag {
  return {
    id: row.id,
    repositoryId: row.repository_id,
    projectId: row.project_id,
    projectName: row.project,
    repositoryName: row.repository,
    name: row.name,
    digest: row.digest,
    artifact: row.artifact,
    username: row.username,
    deletionTime: row.deletion_time,
    expiryTime: row.expiry_time,
  }
}
