import { sql } from 'kysely'
import type { Database } from '../../platform/db/database.ts'

/** An artifact by its digest. */
export interface DigestPlace {
  repositoryId: number
  digest: string
}

/**
 * Locks, by id, those of the artifacts and of their accessories that are shown as artifacts of their own although their
 * subject is there, or are not although it is gone.
 */
export async function lockMisplaced(tx: Database, places: readonly DigestPlace[]): Promise<number[]> {
  const repositories = places.map(({ repositoryId }) => repositoryId)
  const digests = places.map(({ digest }) => digest)
  const result = await sql<{ id: number }>`
    WITH places AS (SELECT * FROM unnest(${repositories}::bigint[], ${digests}::text[]) AS p(repository_id, digest)),
    found AS MATERIALIZED (
      SELECT DISTINCT a.id FROM places p CROSS JOIN LATERAL (
        SELECT id FROM artifacts WHERE repository_id = p.repository_id AND digest = p.digest
          AND coalesce(accessory_of, subject_digest) IS NOT NULL
        UNION ALL SELECT id FROM artifacts WHERE repository_id = p.repository_id AND subject_digest = p.digest
        UNION ALL SELECT id FROM artifacts WHERE repository_id = p.repository_id AND accessory_of = p.digest
        OFFSET 0) a
    )
    SELECT id FROM artifacts a WHERE id = ANY(ARRAY(SELECT id FROM found)) AND listed = EXISTS (
      SELECT FROM artifacts s WHERE s.repository_id = a.repository_id AND s.digest IN (a.accessory_of, a.subject_digest))
    ORDER BY id FOR NO KEY UPDATE`.execute(tx)

  return result.rows.map(({ id }) => id)
}
