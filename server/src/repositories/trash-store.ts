import { type RawBuilder, sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import type { Page } from '../platform/db/list.ts'
import { Overtaken } from '../platform/db/transact.ts'
import { isUniqueViolation } from '../platform/db/violations.ts'

/** A deleted repository that can be restored. */
export interface TrashedRepository {
  id: number
  projectId: number
  projectName: string
  /** Relative to the project. */
  name: string
  pullCount: number
  creationTime: Date
  /** Who deleted it. */
  username: string
  deletionTime: Date
  expiryTime: Date
  /** The execution that is restoring it. */
  restoreExecution: number | undefined
}

/** One page of the deleted repositories of a project that can be restored, the last deletion first, and how many there are. */
export async function selectTrashed(
  db: Database,
  projectId: number,
  page: Page,
): Promise<{ repositories: TrashedRepository[]; total: number }> {
  const all = trashed(db, projectId)
  const { total } = await all.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow()
  const rows = await columns(all)
    .orderBy('repositories.deletion_time', 'desc')
    .orderBy('repositories.id', 'desc')
    .limit(page.limit)
    .offset(page.offset)
    .execute()

  return { repositories: rows.map(toTrashed), total: Number(total) }
}

/** The deleted repository, if it is one of the project that can be restored. */
export async function findTrashed(
  db: Database,
  projectId: number,
  id: number,
): Promise<TrashedRepository | undefined> {
  const row = await columns(trashed(db, projectId)).where('repositories.id', '=', id).executeTakeFirst()

  return row && toTrashed(row)
}

/** The same, locked against the sweeper and against others who restore or purge it. */
export async function lockTrashed(
  tx: Database,
  projectId: number,
  id: number,
): Promise<TrashedRepository | undefined> {
  const row = await columns(trashed(tx, projectId))
    .where('repositories.id', '=', id)
    .forUpdate('repositories')
    .executeTakeFirst()

  return row && toTrashed(row)
}

/** Gives a (locked) deleted repository into the hands of an execution; from then on it counts, and the name is taken. */
export async function beginRestoration(
  tx: Database,
  id: number,
  { name, executionId }: { name: string; executionId: number },
): Promise<void> {
  await unlessTaken(() =>
    tx
      .updateTable('repositories')
      .set((eb) => ({ restore_execution: executionId, trash_name: eb.ref('name'), name }))
      .where('id', '=', id)
      .execute(),
  )
}

/** Whether the execution is restoring the repository; it goes on being so until the transaction ends. */
export async function holdRestoration(tx: Database, id: number, executionId: number): Promise<boolean> {
  const row = await tx
    .selectFrom('repositories')
    .select('id')
    .where('id', '=', id)
    .where('restore_execution', '=', executionId)
    .forKeyShare()
    .executeTakeFirst()

  return row !== undefined
}

/** The name that the execution restores the repository to; locked. */
export async function lockRestoration(
  tx: Database,
  id: number,
  executionId: number,
): Promise<string | undefined> {
  const row = await tx
    .selectFrom('repositories')
    .select('name')
    .where('id', '=', id)
    .where('restore_execution', '=', executionId)
    .forUpdate()
    .executeTakeFirst()

  return row?.name
}

/** Makes a (locked) deleted repository one as any other, under that name. Former names that live on elsewhere stay there. */
export async function reviveRepository(tx: Database, id: number, name: string): Promise<void> {
  await unlessTaken(() =>
    tx
      .updateTable('repositories')
      .set({
        name,
        deletion_time: null,
        expiry_time: null,
        deleted_by: null,
        release_cursor: null,
        restore_execution: null,
        trash_name: null,
      })
      .where('id', '=', id)
      .execute(),
  )
  await sql`
    DELETE FROM repository_aliases a USING repositories r
    WHERE a.repository_id = ${id} AND r.project_id = a.project_id AND r.name = a.name AND ${isNamed('r')}`.execute(
    tx,
  )
}

/** Leaves a repository in the trash, as it was before the execution began to restore it; what counts is to be given back. */
export async function abandonRestoration(tx: Database, id: number, executionId: number): Promise<void> {
  await tx
    .updateTable('repositories')
    .set((eb) => ({
      name: eb.fn.coalesce('trash_name', 'name'),
      trash_name: null,
      restore_execution: null,
      release_cursor: '',
    }))
    .where('id', '=', id)
    .where('restore_execution', '=', executionId)
    .execute()
}

/** Repositories whose restoring execution is over, or gone: it was stopped before it began, perhaps. */
export async function findAbandoned(
  db: Database,
  limit: number,
): Promise<{ id: number; executionId: number }[]> {
  const result = await sql<{ id: number; executionId: number }>`
    SELECT r.id, r.restore_execution AS "executionId" FROM repositories r
    WHERE r.restore_execution IS NOT NULL AND NOT EXISTS (
      SELECT FROM executions e WHERE e.id = r.restore_execution AND e.end_time IS NULL)
    LIMIT ${limit}`.execute(db)

  return result.rows
}

/** Takes a (locked) deleted repository out of the trash for good: what is left of it goes, bytes and all. */
export async function markPurged(tx: Database, id: number): Promise<void> {
  await tx
    .updateTable('repositories')
    .set({ expiry_time: null, purging: true })
    .where('id', '=', id)
    .execute()
}

/** A repository that has the name, or is being restored to it. */
export async function findNamed(
  db: Database,
  projectId: number,
  name: string,
): Promise<{ id: number; name: string; published: boolean; restoring: boolean } | undefined> {
  const row = await db
    .selectFrom('repositories')
    .select(['id', 'name', 'publish_time', 'restore_execution'])
    .where('project_id', '=', projectId)
    .where('name', '=', name)
    .where(isNamed('repositories'))
    .executeTakeFirst()

  return (
    row && {
      id: row.id,
      name: row.name,
      published: row.publish_time !== null,
      restoring: row.restore_execution !== null,
    }
  )
}

/** Somebody has made a repository of the name since it was looked for: the transaction begins again, and finds it. */
async function unlessTaken(write: () => Promise<unknown>): Promise<void> {
  try {
    await write()
  } catch (error) {
    throw isUniqueViolation(error) ? new Overtaken() : error
  }
}

/**
 * Whether a row of `repositories` takes its name, and makes what it references count in its project: as long as it is not
 * deleted, and while it is being restored.
 */
export function isNamed(alias: string): RawBuilder<boolean> {
  const row = sql.id(alias)
  return sql<boolean>`(${row}.deletion_time IS NULL OR ${row}.restore_execution IS NOT NULL)`
}

function trashed(db: Database, projectId: number) {
  return db
    .selectFrom('repositories')
    .innerJoin('projects', 'projects.id', 'repositories.project_id')
    .where('repositories.project_id', '=', projectId)
    .where('projects.deletion_time', 'is', null)
    .where('repositories.deletion_time', 'is not', null)
    .where((eb) =>
      eb.or([
        eb('repositories.expiry_time', '>', sql<Date>`now()`),
        eb('repositories.restore_execution', 'is not', null),
      ]),
    )
    .where('repositories.expiry_time', 'is not', null)
}

function columns(query: ReturnType<typeof trashed>) {
  return query.select([
    'repositories.id',
    'repositories.project_id',
    'projects.name as project',
    'repositories.name',
    'repositories.pull_count',
    'repositories.creation_time',
    'repositories.deleted_by',
    'repositories.deletion_time',
    'repositories.expiry_time',
    'repositories.restore_execution',
  ])
}

type Row = Awaited<ReturnType<ReturnType<typeof columns>['execute']>>[number]

function toTrashed(row: Row): TrashedRepository {
  return {
    id: row.id,
    projectId: row.project_id,
    projectName: row.project,
    name: row.name,
    pullCount: row.pull_count,
    creationTime: row.creation_time,
    username: row.deleted_by ?? '',
    deletionTime: row.deletion_time ?? new Date(0),
    expiryTime: row.expiry_time ?? new Date(0),
    restoreExecution: row.restore_execution ?? undefined,
  }
}
