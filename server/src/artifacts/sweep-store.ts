import { sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'

/** Deletes up to `limit` artifacts of a repository, with tags and references; answers how many. */
export async function deleteSomeArtifacts(
  db: Database,
  repositoryId: number,
  limit: number,
): Promise<number> {
  const result = await sql`
    DELETE FROM artifacts WHERE id IN (
      SELECT id FROM artifacts WHERE repository_id = ${repositoryId} LIMIT ${limit} FOR UPDATE SKIP LOCKED
    )`.execute(db)

  return Number(result.numAffectedRows ?? 0n)
}

export async function deleteCounts(db: Database, repositoryId: number): Promise<void> {
  await db.deleteFrom('artifact_counts').where('repository_id', '=', repositoryId).execute()
}
