import { sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'

/** The figures of one project. */
export interface ProjectFigures {
  name: string
  public: boolean
  /** Null: without limit. */
  limit: number | null
  used: number
  members: number
  repositories: number
  pulls: number
}

/** Artifacts of one kind in one project. */
export interface ArtifactFigures {
  name: string
  public: boolean
  type: string
  artifacts: number
}

/** Projects and repositories that there are. */
export async function tallyAll(
  db: Database,
): Promise<{ public: boolean; projects: number; repositories: number }[]> {
  const result = await sql<{ public: boolean; projects: number; repositories: number }>`
    SELECT p.public, count(*)::float8 AS projects, coalesce(sum(held.count), 0)::float8 AS repositories
    FROM projects p
    LEFT JOIN (
      SELECT project_id, count(*) AS count FROM repositories
      WHERE deletion_time IS NULL AND publish_time IS NOT NULL GROUP BY project_id
    ) AS held ON held.project_id = p.id
    WHERE p.deletion_time IS NULL GROUP BY p.public`.execute(db)

  return result.rows
}

/** The oldest projects, so many of them, with what they hold; one statement. */
export async function selectProjectFigures(db: Database, most: number): Promise<ProjectFigures[]> {
  const result = await sql<ProjectFigures>`
    WITH shown AS (
      SELECT id, name, public, storage_limit FROM projects WHERE deletion_time IS NULL ORDER BY id LIMIT ${most}
    )
    SELECT s.name, s.public, s.storage_limit AS "limit", coalesce(u.bytes, 0)::float8 AS used,
      coalesce(m.count, 0)::float8 AS members, coalesce(r.count, 0)::float8 AS repositories,
      coalesce(r.pulls, 0)::float8 AS pulls
    FROM shown s
    LEFT JOIN (SELECT project_id, sum(bytes) AS bytes FROM quota_usage GROUP BY project_id) u ON u.project_id = s.id
    LEFT JOIN (SELECT project_id, count(*) AS count FROM members GROUP BY project_id) m ON m.project_id = s.id
    LEFT JOIN (
      SELECT project_id, count(*) AS count, sum(pull_count) AS pulls FROM repositories
      WHERE deletion_time IS NULL AND publish_time IS NOT NULL GROUP BY project_id
    ) r ON r.project_id = s.id
    ORDER BY s.id`.execute(db)

  return result.rows
}

/**
 * How many artifacts of which kind the same projects list. Kinds are made up by who pushes: those beyond the commonest are
 * `OTHER`. Reads an index entry for each artifact.
 */
export async function countArtifactsByType(
  db: Database,
  { projects, types }: { projects: number; types: number },
): Promise<ArtifactFigures[]> {
  const result = await sql<ArtifactFigures>`
    WITH shown AS (
      SELECT id, name, public FROM projects WHERE deletion_time IS NULL ORDER BY id LIMIT ${projects}
    ), held AS (
      SELECT repository_id, coalesce(type, 'UNKNOWN') AS type, count(*) AS count
      FROM artifacts WHERE listed GROUP BY repository_id, type
    ), common AS (
      SELECT type FROM held GROUP BY type ORDER BY sum(count) DESC, type LIMIT ${types}
    )
    SELECT s.name, s.public, coalesce(c.type, 'OTHER') AS type, sum(h.count)::float8 AS artifacts
    FROM shown s
    JOIN repositories r ON r.project_id = s.id AND r.deletion_time IS NULL
    JOIN held h ON h.repository_id = r.id
    LEFT JOIN common c ON c.type = h.type
    GROUP BY s.id, s.name, s.public, coalesce(c.type, 'OTHER')`.execute(db)

  return result.rows
}
