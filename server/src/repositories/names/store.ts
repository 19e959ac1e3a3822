import { sql } from 'kysely'
import type { Database } from '../../platform/db/database.ts'
import type { Repository } from '../model.ts'

/** Where a former name leads: the repository, and the project that holds it now. */
interface AliasTarget {
  repository: Repository
  projectName: string
}

/** The live repository that once had this name in this project, wherever it is now. */
export async function findAliasTarget(
  db: Database,
  projectId: number,
  name: string,
): Promise<AliasTarget | undefined> {
  const row = await aliases(db, projectId).where('repository_aliases.name', '=', name).executeTakeFirst()

  return row && toTarget(row)
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

function aliases(db: Database, projectId: number) {
  return db
    .selectFrom('repository_aliases')
    .innerJoin('repositories', 'repositories.id', 'repository_aliases.repository_id')
    .innerJoin('projects', 'projects.id', 'repositories.project_id')
    .select([
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

function toTarget(row: RepositoryRow & { project_name: string }): AliasTarget {
  return { repository: toRepository(row), projectName: row.project_name }
}
