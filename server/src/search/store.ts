import { sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import { escapeLike } from '../platform/db/list.ts'
import type { Viewer } from '../projects/viewer.ts'
import { visibleTo } from '../projects/visible-store.ts'

export interface FoundRepository {
  id: number
  projectId: number
  projectName: string
  projectPublic: boolean
  /** Within the project. */
  name: string
  pullCount: number
}

/**
 * The repositories whose full name contains the word, whatever its case, that the viewer may see. Shortest names first: what
 * is called just so is among them, however many there are.
 */
export async function searchRepositories(
  db: Database,
  viewer: Viewer,
  word: string,
  limit: number,
): Promise<FoundRepository[]> {
  const fullName = sql<string>`(projects.name || '/' || repositories.name)`
  const rows = await db
    .selectFrom('repositories')
    .innerJoin('projects', 'projects.id', 'repositories.project_id')
    .select([
      'repositories.id',
      'repositories.project_id',
      'projects.name as project_name',
      'projects.public',
      'repositories.name',
      'repositories.pull_count',
    ])
    .where('projects.deletion_time', 'is', null)
    .where('repositories.deletion_time', 'is', null)
    .where('repositories.publish_time', 'is not', null)
    .where(visibleTo(viewer))
    .where(sql<boolean>`${fullName} ILIKE ${`%${escapeLike(word)}%`}`)
    .orderBy(sql`length(${fullName})`)
    .orderBy(fullName)
    .limit(limit)
    .execute()

  return rows.map((row) => ({
    id: row.id,
    projectId: row.project_id,
    projectName: row.project_name,
    projectPublic: row.public,
    name: row.name,
    pullCount: Number(row.pull_count),
  }))
}
