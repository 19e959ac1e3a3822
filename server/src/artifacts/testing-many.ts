import { sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import type { Repository } from '../repositories/model.ts'

/**
 * Gives a repository many artifacts, each with a tag and a blob of 10 bytes of its own, which count in its project, as
 * if they had been pushed; for tests.
 */
export async function addManyArtifacts(db: Database, repository: Repository, count: number): Promise<void> {
  const { id, projectId } = repository
  const hash = sql`encode(sha256(convert_to(${String(id)} || ':' || n, 'UTF8')), 'hex')`
  await sql`
    WITH made AS (
      INSERT INTO blobs (digest, size)
      SELECT 'sha256:' || ${hash}, 10 FROM generate_series(1, ${count}::int) AS n RETURNING id, digest
    ), offered AS (INSERT INTO repository_blobs (repository_id, blob_id) SELECT ${id}, id FROM made
    ), counted AS (INSERT INTO project_blobs (project_id, blob_id, bytes) SELECT ${projectId}, id, 10 FROM made
    ), artifacts AS (
      INSERT INTO artifacts (repository_id, digest, media_type, manifest_size, size, type, listed, tagged)
      SELECT ${id}, digest, 'application/vnd.oci.image.manifest.v1+json', 10, 10, 'IMAGE', true, true FROM made
      RETURNING id, digest
    ), referenced AS (
      INSERT INTO artifact_blobs (artifact_id, blob_id, repository_id)
      SELECT a.id, m.id, ${id} FROM artifacts a JOIN made m USING (digest)
    )
    INSERT INTO tags (repository_id, name, artifact_id)
    SELECT ${id}, 'v' || row_number() OVER (ORDER BY id), id FROM artifacts`.execute(db)
  await sql`INSERT INTO artifact_counts (repository_id, delta) VALUES (${id}, ${count})`.execute(db)
  await sql`
    INSERT INTO quota_usage AS u (project_id, slot, bytes) VALUES (${projectId}, 0, ${count * 10})
    ON CONFLICT (project_id, slot) DO UPDATE SET bytes = u.bytes + excluded.bytes`.execute(db)
  await db.updateTable('repositories').set({ publish_time: sql<Date>`now()` }).where('id', '=', id).execute()
}
