import { sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'

/** An artifact that may have to go with another one. */
export interface Relative {
  id: number
  digest: string
  /** Belongs to its subject, tagged or not. */
  accessory: boolean
  tagged: boolean
  /** Indexes of the repository that list it. */
  parents: number[]
}

/** The children and the accessories of these artifacts, as they stand at this moment. */
export async function findRelatives(
  tx: Database,
  repositoryId: number,
  artifacts: readonly { id: number; digest: string }[],
): Promise<Relative[]> {
  const ids = artifacts.map((artifact) => artifact.id)
  const digests = artifacts.map((artifact) => artifact.digest)
  const result = await sql<Relative>`
    SELECT a.id, a.digest, coalesce(a.accessory_of, a.subject_digest) IS NOT NULL AS accessory,
      EXISTS (SELECT FROM tags t WHERE t.artifact_id = a.id) AS tagged,
      ARRAY(
        SELECT p.id FROM artifact_children c JOIN artifacts p ON p.id = c.artifact_id
        WHERE c.child_digest = a.digest AND p.repository_id = a.repository_id) AS parents
    FROM artifacts a WHERE a.id = ANY(ARRAY(
      SELECT id FROM artifacts WHERE repository_id = ${repositoryId} AND accessory_of = ANY(${digests}::text[])
      UNION SELECT id FROM artifacts WHERE repository_id = ${repositoryId} AND subject_digest = ANY(${digests}::text[])
      UNION SELECT id FROM artifacts WHERE repository_id = ${repositoryId} AND digest = ANY(ARRAY(
        SELECT child_digest FROM artifact_children WHERE artifact_id = ANY(${ids}::bigint[])))))`.execute(tx)

  return result.rows.map((row) => ({ ...row, parents: row.parents.map(Number) }))
}

/** Locks artifacts for deletion, by id; answers those that are there. Nobody tags or lists them from then on. */
export async function lockForDeletion(tx: Database, ids: readonly number[]): Promise<number[]> {
  const result = await sql<{ id: number }>`
    SELECT id FROM artifacts WHERE id = ANY(${[...ids]}::bigint[]) ORDER BY id FOR UPDATE`.execute(tx)

  return result.rows.map((row) => row.id)
}
