import { type RawBuilder, sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import type { Viewer } from '../projects/viewer.ts'
import { visibleTo } from '../projects/visible-store.ts'
import type { AdmittedRepository, Repository } from './model.ts'

/** The live repository of that name. Former names are followed by `names/`, for reading only. */
export async function findRepository(
  db: Database,
  projectId: number,
  name: string,
): Promise<Repository | undefined> {
  const row = await repositories(db)
    .where('project_id', '=', projectId)
    .where('name', '=', name)
    .executeTakeFirst()

  return row && toRepository(row)
}

export interface NameInProject {
  projectId: number
  name: string
}

/** The live repositories that the keys name, in the order of the keys. Each is looked up by itself, whatever the planner thinks. */
export async function findRepositoriesByName(
  db: Database,
  keys: readonly NameInProject[],
): Promise<(Repository | undefined)[]> {
  const projectIds = keys.map((key) => key.projectId)
  const names = keys.map((key) => key.name)
  const result = await sql<Parameters<typeof toRepository>[0] & { ordinal: number }>`
    SELECT k.ordinal, r.id, r.project_id, r.name, r.publish_time
    FROM unnest(${projectIds}::bigint[], ${names}::text[]) WITH ORDINALITY AS k(project_id, name, ordinal)
    JOIN LATERAL (
      SELECT id, project_id, name, publish_time FROM repositories
      WHERE project_id = k.project_id AND name = k.name AND deletion_time IS NULL OFFSET 0) r ON true`.execute(
    db,
  )
  const found = new Map(result.rows.map((row) => [row.ordinal, toRepository(row)]))

  return keys.map((_, index) => found.get(index + 1))
}

/** Creates the repository unless it exists or its project is gone; safe against others who do the same. */
export async function insertRepository(db: Database, projectId: number, name: string): Promise<void> {
  await db
    .insertInto('repositories')
    .columns(['project_id', 'name'])
    .expression((eb) =>
      eb
        .selectFrom('projects')
        .select(['projects.id', sql<string>`${name}`.as('name')])
        .where('projects.id', '=', projectId)
        .where('projects.deletion_time', 'is', null)
        // Whoever deletes the project waits, or has already done it.
        .forKeyShare(),
    )
    .onConflict((conflict) =>
      conflict.columns(['project_id', 'name']).where('deletion_time', 'is', null).doNothing(),
    )
    .execute()
}

/** Full names of repositories; those deleted meanwhile are left out. */
export async function findRepositoryNames(db: Database, ids: number[]): Promise<string[]> {
  if (ids.length === 0) return []
  const rows = await db
    .selectFrom('repositories')
    .innerJoin('projects', 'projects.id', 'repositories.project_id')
    .select(['projects.name as project', 'repositories.name as repository'])
    .where('repositories.id', 'in', ids)
    .where('repositories.deletion_time', 'is', null)
    .where('projects.deletion_time', 'is', null)
    .execute()

  return rows.map((row) => `${row.project}/${row.repository}`)
}

/** Marks a repository as seen by everybody; answers whether its project is still there to see it in. */
export async function publishRepository(tx: Database, repository: Repository): Promise<boolean> {
  const project = await tx
    .selectFrom('projects')
    .select('id')
    .where('id', '=', repository.projectId)
    .where('deletion_time', 'is', null)
    .forKeyShare()
    .executeTakeFirst()
  if (!project) return false

  await tx
    .updateTable('repositories')
    .set({ publish_time: sql<Date>`now()` })
    .where('id', '=', repository.id)
    .where('publish_time', 'is', null)
    .execute()
  return true
}

/**
 * Keeps a repository from being deleted, renamed or moved until the transaction ends; answers whether it is still
 * where the caller was let in. Costs nothing beside what rows below it do anyway, and holds up nobody else.
 */
export async function holdRepository(tx: Database, repository: AdmittedRepository): Promise<boolean> {
  const row = await tx
    .selectFrom('repositories')
    .select('id')
    .where(heldAs(repository))
    .forKeyShare()
    .executeTakeFirst()
  return row !== undefined
}

/** Those of the repositories that have their rows, live ones and those in the trash; they keep them until the transaction ends. */
export async function holdKeptRepositories(tx: Database, ids: readonly number[]): Promise<Set<number>> {
  const result = await sql<{ id: number }>`
    SELECT id FROM repositories WHERE id = ANY(${[...ids]}::bigint[])
      AND (deletion_time IS NULL OR expiry_time IS NOT NULL)
    ORDER BY id FOR KEY SHARE`.execute(tx)

  return new Set(result.rows.map((row) => row.id))
}

/**
 * The condition on `repositories` under which a lock is taken: that it is alive in that project under that name,
 * looked at again by whoever had to wait for the lock.
 */
export function heldAs({ id, projectId, name }: AdmittedRepository): RawBuilder<boolean> {
  return sql<boolean>`(repositories.id = ${id} AND repositories.project_id = ${projectId}
    AND repositories.name = ${name} AND repositories.deletion_time IS NULL)`
}

/** Writes the description; answers whether the repository is still there. */
export async function updateDescription(
  tx: Database,
  repository: AdmittedRepository,
  description: string,
): Promise<boolean> {
  const result = await tx
    .updateTable('repositories')
    .set({ description, activity_time: sql<Date>`now()` })
    .where(heldAs(repository))
    .executeTakeFirst()
  return result.numUpdatedRows > 0n
}

/** Ids of the repositories that a project shows. */
export async function findRepositoryIds(db: Database, projectId: number): Promise<number[]> {
  const rows = await db
    .selectFrom('repositories')
    .select('id')
    .where('project_id', '=', projectId)
    .where('publish_time', 'is not', null)
    .where('deletion_time', 'is', null)
    .execute()

  return rows.map((row) => row.id)
}

/** How many repositories each project shows. Projects without any are left out. */
export async function countRepositories(db: Database, projectIds: number[]): Promise<Map<number, number>> {
  if (projectIds.length === 0) return new Map()
  const rows = await db
    .selectFrom('repositories')
    .select((eb) => ['project_id', eb.fn.countAll<number>().as('count')])
    .where('project_id', 'in', projectIds)
    .where('publish_time', 'is not', null)
    .where('deletion_time', 'is', null)
    .groupBy('project_id')
    .execute()

  return new Map(rows.map((row) => [row.project_id, Number(row.count)]))
}

/**
 * Full names of the repositories that the viewer may see, in byte order, those after `last`.
 */
export async function listCatalog(
  db: Database,
  viewer: Viewer,
  page: { last: string; limit: number },
): Promise<string[]> {
  const slash = page.last.indexOf('/')
  const lastProject = slash < 0 ? page.last : page.last.slice(0, slash)
  const lastName = slash < 0 ? '' : page.last.slice(slash + 1)
  const rows = await db
    .selectFrom('projects')
    .innerJoin('repositories', 'repositories.project_id', 'projects.id')
    .select(['projects.name as project', 'repositories.name as repository'])
    .where('projects.deletion_time', 'is', null)
    .where('repositories.deletion_time', 'is', null)
    .where('repositories.publish_time', 'is not', null)
    .$if(!viewer.all, (query) => query.where(visibleTo(viewer)))
    // Project names have no slash, and every character in them sorts behind it but '-' and '.': the
    // order of full names is the order of `name/`, not of the names alone.
    .where(sql<boolean>`(projects.name || '/') >= ${`${lastProject}/`}`)
    .where(sql<boolean>`((projects.name || '/'), repositories.name) > (${`${lastProject}/`}, ${lastName})`)
    .orderBy(sql`(projects.name || '/')`)
    .orderBy('repositories.name')
    .limit(page.limit)
    .execute()

  return rows.map((row) => `${row.project}/${row.repository}`)
}

/** Raises the activity times of repositories, never lowers them. */
export async function raiseActivity(tx: Database, activity: { id: number; time: Date }[]): Promise<void> {
  const ids = activity.map((entry) => entry.id)
  const times = activity.map((entry) => entry.time.toISOString())
  await lockForWriting(tx, ids)
  await sql`
    UPDATE repositories r SET activity_time = a.time
    FROM unnest(${ids}::bigint[], ${times}::timestamptz[]) AS a(id, time)
    WHERE r.id = a.id AND r.activity_time < a.time`.execute(tx)
}

/** Adds to the pull counts of repositories. */
export async function addPullCounts(tx: Database, counts: ReadonlyMap<number, number>): Promise<void> {
  if (counts.size === 0) return
  await lockForWriting(tx, [...counts.keys()])
  await sql`
    UPDATE repositories r SET pull_count = r.pull_count + c.pulls
    FROM unnest(${[...counts.keys()]}::bigint[], ${[...counts.values()]}::bigint[]) AS c(id, pulls)
    WHERE r.id = c.id`.execute(tx)
}

/**
 * Locks rows of repositories that are to be written, in id order, as everybody does who locks many. A statement of its own: the
 * one that writes them must not see them as they were before others, who were waited for, had written them. PostgreSQL would lock
 * such rows once more for it, and that in the queue, behind whoever waits for this transaction already.
 */
async function lockForWriting(tx: Database, ids: readonly number[]): Promise<void> {
  await sql`SELECT FROM repositories WHERE id = ANY(${[...ids]}::bigint[]) ORDER BY id FOR NO KEY UPDATE`.execute(
    tx,
  )
}

function repositories(db: Database) {
  return db
    .selectFrom('repositories')
    .select(['id', 'project_id', 'name', 'publish_time'])
    .where('deletion_time', 'is', null)
}

function toRepository(row: {
  id: number
  project_id: number
  name: string
  publish_time: Date | null
}): Repository {
  return { id: row.id, projectId: row.project_id, name: row.name, published: row.publish_time !== null }
}
