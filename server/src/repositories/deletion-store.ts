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

/** Locks the rows of repositories, whatever has become of them, in the order in which everybody locks many: by id. */
export async function lockRepositories(tx: Database, ids: readonly number[]): Promise<void> {
  await sql`SELECT FROM repositories WHERE id = ANY(${[...ids]}::bigint[]) ORDER BY id FOR UPDATE`.execute(tx)
}

/** How a deleted repository stays restorable. */
export interface Trashing {
  days: number
  username: string
  /** Whether its project has got back already what the repository used. */
  released: boolean
}

/**
 * Marks the repository as deleted: its name, and its former names, are free. With `trash` it keeps its rows for some days, the
 * former names included, which lead nowhere as long.
 */
export async function markRepositoryDeleted(tx: Database, id: number, trash?: Trashing): Promise<void> {
  await tx
    .updateTable('repositories')
    .set({
      deletion_time: sql<Date>`now()`,
      ...(trash && {
        expiry_time: sql<Date>`now() + make_interval(days => ${trash.days})`,
        deleted_by: trash.username,
        release_cursor: trash.released ? null : '',
      }),
    })
    .where('id', '=', id)
    .execute()
  if (!trash) await deleteAliases(tx, id)
}

async function deleteAliases(tx: Database, repositoryId: number): Promise<void> {
  await tx.deleteFrom('repository_aliases').where('repository_id', '=', repositoryId).execute()
}

/**
 * The next deleted repositories, by id, that have not been swept and for which there is something to do now: rows that can go, or
 * usage that is not given back. For an hour after its deletion that is every one.
 */
export async function findDeletedRepositories(
  db: Database,
  page: { after: number; limit: number },
): Promise<number[]> {
  const rows = await db
    .selectFrom('repositories')
    .select('id')
    .where('id', '>', page.after)
    .where('deletion_time', 'is not', null)
    .where('sweep_time', 'is', null)
    .where('restore_execution', 'is', null)
    .where((eb) => eb.or([IS_DUE, eb('release_cursor', 'is not', null)]))
    .orderBy('id')
    .limit(page.limit)
    .execute()
  return rows.map((row) => row.id)
}

/** Deleted, and to stay so: without a trash, purged, too long in it, or of a project that is deleted itself. */
const IS_DUE = sql<boolean>`(coalesce(repositories.expiry_time <= now(), true) OR EXISTS (
  SELECT FROM projects WHERE projects.id = repositories.project_id AND projects.deletion_time IS NOT NULL))`

/**
 * From here on a deleted repository cannot be restored any more, and its rows may go: whoever restores it comes first, or finds
 * nothing. Undefined where it is to be kept; otherwise whether its bytes are to go at once.
 */
export async function beginRemoval(db: Database, id: number): Promise<{ purging: boolean } | undefined> {
  return await db.transaction().execute(async (tx) => {
    const row = await tx
      .selectFrom('repositories')
      .select('purging')
      .where('id', '=', id)
      .where('deletion_time', 'is not', null)
      .where('restore_execution', 'is', null)
      .where(IS_DUE)
      .forUpdate()
      .executeTakeFirst()
    if (!row) return undefined
    await tx.updateTable('repositories').set({ expiry_time: null }).where('id', '=', id).execute()
    await deleteAliases(tx, id)
    return row
  })
}

/** How far the usage of a repository that stays deleted was given back; undefined: all of it, or it is being restored. */
export async function holdReleaseCursor(tx: Database, id: number): Promise<string | undefined> {
  const row = await tx
    .selectFrom('repositories')
    .select('release_cursor')
    .where('id', '=', id)
    .where('deletion_time', 'is not', null)
    .where('restore_execution', 'is', null)
    .forNoKeyUpdate()
    .skipLocked()
    .executeTakeFirst()
  return row?.release_cursor ?? undefined
}

/** Notes how far the usage is given back; null: all of it. */
export async function moveReleaseCursor(tx: Database, id: number, cursor: string | null): Promise<void> {
  await tx.updateTable('repositories').set({ release_cursor: cursor }).where('id', '=', id).execute()
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
