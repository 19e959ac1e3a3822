import { sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import type { Viewer } from '../projects/viewer.ts'
import { visibleTo } from '../projects/visible-store.ts'

/** Projects of one kind, and the repositories in them that people see. */
export interface Tally {
  projects: number
  repositories: number
}

/** What the viewer may see, public and private. One statement, whatever there is. */
export async function tallyProjects(
  db: Database,
  viewer: Viewer,
): Promise<{ public: Tally; private: Tally }> {
  const { rows } = await sql<{ public: boolean; projects: number; repositories: number }>`
    SELECT projects.public, count(*)::float8 AS projects, coalesce(sum(held.count), 0)::float8 AS repositories
    FROM projects
    LEFT JOIN (
      SELECT repositories.project_id, count(*) AS count
      FROM repositories
      WHERE repositories.deletion_time IS NULL AND repositories.publish_time IS NOT NULL
      GROUP BY repositories.project_id
    ) AS held ON held.project_id = projects.id
    WHERE projects.deletion_time IS NULL AND ${visibleTo(viewer)}
    GROUP BY projects.public`.execute(db)
  const of = (isPublic: boolean): Tally => {
    const { projects = 0, repositories = 0 } = rows.find((row) => row.public === isPublic) ?? {}
    return { projects, repositories }
  }

  return { public: of(true), private: of(false) }
}

/** Bytes of all blobs that are stored, each once. Reads every one of them. */
export async function sumStored(db: Database): Promise<number> {
  const { rows } = await sql<{ bytes: number }>`
    SELECT coalesce(sum(blobs.size), 0)::float8 AS bytes
    FROM blobs
    WHERE EXISTS (SELECT FROM blob_objects WHERE blob_objects.blob_id = blobs.id AND blob_objects.state = 'stored')
  `.execute(db)

  return rows[0]?.bytes ?? 0
}
