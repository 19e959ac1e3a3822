import { sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'

/** Locks up to `limit` artifacts of a repository that nobody else has locked. */
export async function lockSomeArtifacts(
  tx: Database,
  repositoryId: number,
  limit: number,
): Promise<number[]> {
  const rows = await tx
    .selectFrom('artifacts')
    .select('id')
    .where('repository_id', '=', repositoryId)
    .limit(limit)
    .forUpdate()
    .skipLocked()
    .execute()

  return rows.map((row) => row.id)
}

/** Deletes (locked) artifacts with tags and references, and counts nothing out. */
export async function deleteUncounted(tx: Database, ids: readonly number[]): Promise<void> {
  await sql`DELETE FROM artifacts WHERE id = ANY(${[...ids]}::bigint[])`.execute(tx)
}

export async function deleteCounts(db: Database, repositoryId: number): Promise<void> {
  await db.deleteFrom('artifact_counts').where('repository_id', '=', repositoryId).execute()
}
