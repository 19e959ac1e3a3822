import { sql } from 'kysely'
import type { Database } from '../../platform/db/database.ts'
import type { Page } from '../../platform/db/list.ts'
import { isUniqueViolation } from '../../platform/db/violations.ts'
import type { Repository } from '../model.ts'
import { findNamed } from '../trash-store.ts'

/** Where a former name leads: the repository, and the project that holds it now. */
export interface AliasTarget {
  repository: Repository
  projectName: string
}

/** A former name of a repository in some project, and where it leads. */
export interface RepositoryAlias extends AliasTarget {
  name: string
  creationTime: Date
}

/** The live repository that once had this name in this project, wherever it is now. Found step by step, whatever the planner thinks. */
export async function findAliasTarget(
  db: Database,
  projectId: number,
  name: string,
): Promise<AliasTarget | undefined> {
  const result = await sql<Parameters<typeof toAlias>[0]>`
    SELECT a.name AS alias, a.creation_time, r.id, r.project_id, r.name, r.publish_time, p.name AS project_name
    FROM (SELECT * FROM repository_aliases WHERE project_id = ${projectId} AND name = ${name} OFFSET 0) a
    JOIN LATERAL (SELECT * FROM repositories WHERE id = a.repository_id OFFSET 0) r ON r.deletion_time IS NULL
    JOIN LATERAL (SELECT * FROM projects WHERE id = r.project_id OFFSET 0) p ON p.deletion_time IS NULL`.execute(
    db,
  )
  const [row] = result.rows

  return row && toAlias(row)
}

/** One page of the former names in a project that still lead somewhere, in their order. */
export async function listAliases(db: Database, projectId: number, page: Page): Promise<RepositoryAlias[]> {
  const rows = await aliases(db, projectId)
    .orderBy('repository_aliases.name')
    .limit(page.limit)
    .offset(page.offset)
    .execute()

  return rows.map(toAlias)
}

export async function countAliases(db: Database, projectId: number): Promise<number> {
  const row = await aliases(db, projectId)
    .clearSelect()
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()

  return Number(row.count)
}

/** Lets a former name lead nowhere any more; answers whether it led to a live repository. */
export async function deleteAlias(db: Database, projectId: number, name: string): Promise<boolean> {
  const target = await findAliasTarget(db, projectId, name)
  await db
    .deleteFrom('repository_aliases')
    .where('project_id', '=', projectId)
    .where('name', '=', name)
    .execute()

  return target !== undefined
}

const NAMES = 7_104_003

/**
 * Keeps out others who give or free names, until the transaction ends; taken before anything else. Each of them writes
 * several names, and two would wait for each other.
 */
export async function lockNames(tx: Database): Promise<void> {
  await sql`SELECT pg_advisory_xact_lock(${NAMES})`.execute(tx)
}

/** The live repository, locked: pushes to it that have begun are over, new ones wait and then look again. */
export async function lockRepository(
  tx: Database,
  projectId: number,
  name: string,
): Promise<Repository | undefined> {
  const row = await tx
    .selectFrom('repositories')
    .select(['id', 'project_id', 'name', 'publish_time'])
    .where('project_id', '=', projectId)
    .where('name', '=', name)
    .where('deletion_time', 'is', null)
    .forUpdate()
    .executeTakeFirst()

  return row && toRepository(row)
}

/** Characters of the longest name that a live repository has within the project; 0 where it has none. */
export async function findLongestName(db: Database, projectId: number): Promise<number> {
  const row = await db
    .selectFrom('repositories')
    .select(sql<number>`coalesce(max(length(name)), 0)`.as('length'))
    .where('project_id', '=', projectId)
    .where('deletion_time', 'is', null)
    .executeTakeFirstOrThrow()

  return row.length
}

/** Whether the project lives; it goes on living until the transaction ends. */
export async function holdProject(tx: Database, projectId: number): Promise<boolean> {
  const row = await tx
    .selectFrom('projects')
    .select('id')
    .where('id', '=', projectId)
    .where('deletion_time', 'is', null)
    .forKeyShare()
    .executeTakeFirst()

  return row !== undefined
}

/**
 * Gives a locked repository another name, in its project or in another one. The name it had leads to it from
 * now on, and the new one nowhere else. Answers false where a repository has the name already; the transaction
 * is lost then.
 */
export async function renameRepositoryRow(
  tx: Database,
  repository: Repository,
  to: { projectId: number; name: string },
): Promise<boolean> {
  // Looked at first: the index alone would wait for whoever writes the row of that name, and he perhaps for this one.
  if (await findNamed(tx, to.projectId, to.name)) return false
  try {
    await tx
      .updateTable('repositories')
      .set({ project_id: to.projectId, name: to.name })
      .where('id', '=', repository.id)
      .execute()
  } catch (error) {
    if (isUniqueViolation(error)) return false
    throw error
  }
  await deleteAlias(tx, to.projectId, to.name)
  await tx
    .insertInto('repository_aliases')
    .values({ project_id: repository.projectId, name: repository.name, repository_id: repository.id })
    .onConflict((conflict) =>
      conflict
        .columns(['project_id', 'name'])
        .doUpdateSet({ repository_id: repository.id, creation_time: sql<Date>`now()` }),
    )
    .execute()
  return true
}

function aliases(db: Database, projectId: number) {
  return db
    .selectFrom('repository_aliases')
    .innerJoin('repositories', 'repositories.id', 'repository_aliases.repository_id')
    .innerJoin('projects', 'projects.id', 'repositories.project_id')
    .select([
      'repository_aliases.name as alias',
      'repository_aliases.creation_time',
      'repositories.id',
      'repositories.project_id',
      'repositories.name',
      'repositories.publish_time',
      'projects.name as project_name',
    ])
    .where('repository_aliases.project_id', '=', projectId)
    .where('repositories.deletion_time', 'is', null)
    .where('projects.deletion_time', 'is', null)
}

interface RepositoryRow {
  id: number
  project_id: number
  name: string
  publish_time: Date | null
}

function toRepository(row: RepositoryRow): Repository {
  return { id: row.id, projectId: row.project_id, name: row.name, published: row.publish_time !== null }
}

function toAlias(
  row: RepositoryRow & { alias: string; creation_time: Date; project_name: string },
): RepositoryAlias {
  return {
    name: row.alias,
    creationTime: row.creation_time,
    repository: toRepository(row),
    projectName: row.project_name,
  }
}
