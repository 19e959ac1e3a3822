import { sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import type { Classification } from './classify.ts'
import { classificationColumns } from './store.ts'

/** An artifact of which nobody has said yet what it is. */
export interface PendingArtifact {
  id: number
  repositoryId: number
  digest: string
  mediaType: string
  projectId: number
  repository: string
  tags: string[]
}

/** Artifacts without a type, by id, those after `after`. */
export async function findPending(db: Database, after: number, limit: number): Promise<PendingArtifact[]> {
  const result = await sql<PendingArtifact>`
    SELECT a.id, a.repository_id AS "repositoryId", a.digest, a.media_type AS "mediaType",
      r.project_id AS "projectId", r.name AS repository,
      ARRAY(SELECT t.name FROM tags t WHERE t.artifact_id = a.id) AS tags
    FROM artifacts a JOIN repositories r ON r.id = a.repository_id
    WHERE a.type IS NULL AND a.id > ${after} ORDER BY a.id LIMIT ${limit}`.execute(db)

  return result.rows
}

/** Writes down what a (locked) artifact is, unless somebody has meanwhile. */
export async function saveClassification(
  tx: Database,
  id: number,
  classification: Classification,
): Promise<void> {
  await tx
    .updateTable('artifacts')
    .set(classificationColumns(classification))
    .where('id', '=', id)
    .where('type', 'is', null)
    .execute()
}
