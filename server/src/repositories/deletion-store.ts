import { sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import type { AdmittedRepository } from './model.ts'
import { heldAs } from './store.ts'

/**
 * Locks a live repository against everything that would write below it; pushes that are under way end first.
 * Answers whether it is still where the caller was let in.
 */
export async function lockRepository(tx: Database, repository: AdmittedRepository): Promise<boolean> {
  const row = await tx
    .selectFrom('repositories')
    .select('id')
    .where(heldAs(repository))
    .forUpdate()
    .executeTakeFirst()
  return row !== undefined
}

/** Marks the repository as deleted: its name, and its former names, are free. */
export async function markRepositoryDeleted(tx: Database, id: number): Promise<void> {
  await tx.updateTable('repositories').set({ deletion_time: sql<Date>`now()` }).where('id', '=', id).execute()
  await tx.deleteFrom('repository_aliases').where('repository_id', '=', id).execute()
}

/** Repositories that were deleted and not swept, the one that waits longest first. */
export async function findDeletedRepositories(db: Database, limit: number): Promise<number[]> {
  const rows = await db
    .selectFrom('repositories')
    .select('id')
    .where('deletion_time', 'is not', null)
    .where('sweep_time', 'is', null)
    .orderBy('deletion_time')
    .limit(limit)
    .execute()
  return rows.map((row) => row.id)
}

/**
 * Notes that nothing is left below a deleted repository. Not before an hour has passed: whoever was uploading to
 * it may still leave something.
 */
export async function markSwept(db: Database, id: number): Promise<void> {
  await db
    .updateTable('repositories')
    .set({ sweep_time: sql<Date>`now()` })
    .where('id', '=', id)
    .where('deletion_time', '<', sql<Date>`now() - interval '1 hour'`)
    .execute()
}
