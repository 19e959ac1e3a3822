import { type Selectable, sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import type { UploadsTable } from '../platform/db/tables.ts'
import type { Repository } from '../repositories/model.ts'
import type { UploadState } from '../storage/driver.ts'
import type { Upload } from './model.ts'

/**
 * A session is no acknowledged data: that a power cut may forget one that was just begun costs the
 * client a new POST, and saves every push a sync of the log.
 */
export async function insertUpload(db: Database, store: string, upload: Upload): Promise<void> {
  await sql`
    WITH relaxed AS (SELECT set_config('synchronous_commit', 'off', true) AS value)
    INSERT INTO uploads (id, repository_id, store, storage_state, algorithm, offset_digest)
    SELECT ${upload.id}, ${upload.repositoryId}, ${store}, ${toJson(upload.state)}, ${upload.algorithm},
      ${upload.offsetDigest}
    FROM relaxed WHERE relaxed.value IS NOT NULL`.execute(db)
}

const COLUMNS = [
  'id',
  'repository_id',
  'storage_state',
  'algorithm',
  'offset',
  'offset_digest',
  'epoch',
  'writing',
] as const

export async function findUpload(
  db: Database,
  repositoryId: number,
  id: string,
): Promise<Upload | undefined> {
  const row = await db
    .selectFrom('uploads')
    .select(COLUMNS)
    .where('id', '=', id)
    .where('repository_id', '=', repositoryId)
    .executeTakeFirst()

  return row && toUpload(row)
}

/** The upload of a live repository, which is named as a client does, and the repository itself. */
export async function findUploadByName(
  db: Database,
  place: { projectId: number; repository: string },
  id: string,
): Promise<{ upload: Upload; repository: Repository } | undefined> {
  const row = await db
    .selectFrom('uploads')
    .innerJoin('repositories', 'repositories.id', 'uploads.repository_id')
    .select(COLUMNS.map((column) => `uploads.${column}` as const))
    .select('repositories.publish_time')
    .where('uploads.id', '=', id)
    .where('repositories.project_id', '=', place.projectId)
    .where('repositories.name', '=', place.repository)
    .where('repositories.deletion_time', 'is', null)
    .executeTakeFirst()

  return row && withRepository(row, place)
}

/** Becomes the one writer of an upload that nobody writes to, and answers both as `findUploadByName` does. */
export async function takeUploadByName(
  db: Database,
  place: { projectId: number; repository: string },
  id: string,
): Promise<{ upload: Upload; repository: Repository } | undefined> {
  const row = await db
    .updateTable('uploads')
    .from('repositories')
    .set((eb) => ({ epoch: eb('uploads.epoch', '+', 1), writing: true, update_time: sql<Date>`now()` }))
    .where('uploads.id', '=', id)
    .where('uploads.writing', '=', false)
    .whereRef('repositories.id', '=', 'uploads.repository_id')
    .where('repositories.project_id', '=', place.projectId)
    .where('repositories.name', '=', place.repository)
    .where('repositories.deletion_time', 'is', null)
    .returning(COLUMNS.map((column) => `uploads.${column}` as const))
    .returning('repositories.publish_time')
    .executeTakeFirst()

  return row && withRepository(row, place)
}

function withRepository(
  row: UploadRow & { publish_time: Date | null },
  { projectId, repository: name }: { projectId: number; repository: string },
): { upload: Upload; repository: Repository } {
  return {
    upload: toUpload(row),
    repository: { id: row.repository_id, projectId, name, published: row.publish_time !== null },
  }
}

/**
 * Becomes the one writer of an upload: answers whether it still is as it was when `upload` was read. The epoch
 * alone does not tell: a writer that has ended since left it, and has made `upload.offset` a thing of the past.
 */
export async function takeUpload(db: Database, upload: Upload, state: Upload['state']): Promise<boolean> {
  const result = await db
    .updateTable('uploads')
    .set({
      epoch: upload.epoch + 1,
      writing: true,
      storage_state: toJson(state),
      update_time: sql<Date>`now()`,
    })
    .where('id', '=', upload.id)
    .where('epoch', '=', upload.epoch)
    .where('writing', '=', upload.writing)
    .executeTakeFirst()

  return result.numUpdatedRows > 0n
}

/** Records what a writer has made durable; answers whether it was still the writer. */
export async function saveUpload(db: Database, upload: Upload): Promise<boolean> {
  const result = await db
    .updateTable('uploads')
    .set({
      writing: false,
      storage_state: toJson(upload.state),
      offset: upload.offset,
      offset_digest: upload.offsetDigest,
      update_time: sql<Date>`now()`,
    })
    .where('id', '=', upload.id)
    .where('epoch', '=', upload.epoch)
    .executeTakeFirst()

  return result.numUpdatedRows > 0n
}

/** Notes where the bytes of an upload lie, none of which count yet; its writer has not reported its end. */
export async function noteState(db: Database, { id, epoch, state }: Upload): Promise<void> {
  await db
    .updateTable('uploads')
    .set({ storage_state: toJson(state), update_time: sql<Date>`now()` })
    .where('id', '=', id)
    .where('epoch', '=', epoch)
    .execute()
}

/**
 * Ends an upload, unless a later writer has it. Answers the state that it was in at the end, which a writer that was at work may
 * have changed since `upload` was read; undefined where there was none.
 */
export async function deleteUpload(
  db: Database,
  upload: Pick<Upload, 'id' | 'epoch'>,
): Promise<Pick<Upload, 'state'> | undefined> {
  const row = await db
    .deleteFrom('uploads')
    .where('id', '=', upload.id)
    .where('epoch', '=', upload.epoch)
    .returning('storage_state')
    .executeTakeFirst()

  return row && { state: toState(row.storage_state) }
}

/** Uploads that nobody has touched for so long, oldest first. */
export async function findAbandonedUploads(
  db: Database,
  store: string,
  hours: number,
  limit: number,
): Promise<Upload[]> {
  const rows = await db
    .selectFrom('uploads')
    .select(COLUMNS)
    .where('store', '=', store)
    .where(sql<boolean>`update_time < now() - ${hours} * interval '1 hour'`)
    .orderBy('update_time')
    .limit(limit)
    .execute()

  return rows.map(toUpload)
}

/** Bytes that the unfinished uploads of a project hold, as far as their rows tell. */
export async function sumUnfinished(db: Database, projectId: number): Promise<number> {
  const row = await db
    .selectFrom('uploads')
    .innerJoin('repositories', 'repositories.id', 'uploads.repository_id')
    .select(sql<number>`coalesce(sum("offset"), 0)::bigint`.as('bytes'))
    .where('repositories.project_id', '=', projectId)
    .executeTakeFirstOrThrow()

  return row.bytes
}

/** Uploads of a project that hold something, and that nobody writes to or has touched for so long, oldest first. */
export async function findIdleUploads(
  db: Database,
  store: string,
  projectId: number,
  seconds: number,
  limit: number,
): Promise<Upload[]> {
  const rows = await db
    .selectFrom('uploads')
    .innerJoin('repositories', 'repositories.id', 'uploads.repository_id')
    .select(COLUMNS.map((column) => `uploads.${column}` as const))
    .where('repositories.project_id', '=', projectId)
    .where('uploads.store', '=', store)
    // A writer that says nothing for so long has died over it.
    .where(sql<boolean>`(NOT uploads.writing OR uploads.update_time < now() - interval '1 day')`)
    .where('uploads.offset', '>', 0)
    .where(sql<boolean>`uploads.update_time < now() - ${seconds} * interval '1 second'`)
    .orderBy('uploads.update_time')
    .limit(limit)
    .execute()

  return rows.map(toUpload)
}

/** Those of the storage states that no session holds; PostgreSQL compares them as JSON, not as text. */
export async function findOrphanStates(
  db: Database,
  store: string,
  states: readonly UploadState[],
): Promise<UploadState[]> {
  const texts = states.map((state) => JSON.stringify(state))
  const result = await sql<{ state: UploadState }>`
    SELECT s.state FROM unnest(${texts}::jsonb[]) AS s(state)
    WHERE NOT EXISTS (SELECT 1 FROM uploads WHERE store = ${store} AND storage_state = s.state)`.execute(db)

  return result.rows.map((row) => row.state)
}

/** The column is JSON's null where there is none. */
function toJson(state: Upload['state']): string {
  return JSON.stringify(state ?? null)
}

function toState(column: unknown): UploadState | undefined {
  return (column as UploadState | null) ?? undefined
}

type UploadRow = Pick<Selectable<UploadsTable>, (typeof COLUMNS)[number]>

function toUpload(row: UploadRow): Upload {
  return {
    id: row.id,
    repositoryId: row.repository_id,
    state: toState(row.storage_state),
    algorithm: row.algorithm,
    offset: row.offset,
    offsetDigest: row.offset_digest,
    epoch: row.epoch,
    writing: row.writing,
  }
}
