import { type RawBuilder, sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import { LAST } from '../platform/db/prepared.ts'
import type { CountedBlob } from '../quotas/model.ts'
import type { AdmittedRepository } from '../repositories/model.ts'
import { heldAs } from '../repositories/store.ts'
import type { StoredBlob } from './model.ts'

/** The blob, if the repository offers it and its bytes are there. */
export async function findRepositoryBlob(
  db: Database,
  store: string,
  repositoryId: number,
  digest: string,
): Promise<StoredBlob | undefined> {
  const row = await storedBlobs(db, store)
    .innerJoin('repository_blobs', 'repository_blobs.blob_id', 'blobs.id')
    .where('repository_blobs.repository_id', '=', repositoryId)
    .where('blobs.digest', '=', digest)
    .executeTakeFirst()

  return row && toStoredBlob(row)
}

/** What a pull names: a repository by its name within a project, and a digest. */
export interface BlobKey {
  projectId: number
  repository: string
  digest: string
}

/**
 * Joins to keys `k` with `repository` and `digest`, and to the project of that column, the blob `b` that the repository offers
 * and where it is, `o`. The order of the joins is given: planned, they would begin with all that the repository offers.
 */
export function blobOfKey(store: string, projectId: string): RawBuilder<unknown> {
  return sql`
    JOIN LATERAL (
      SELECT id FROM repositories
      WHERE project_id = ${sql.ref(projectId)} AND name = k.repository AND deletion_time IS NULL OFFSET 0) r ON true
    JOIN LATERAL (SELECT * FROM blobs WHERE digest = k.digest OFFSET 0) b ON true
    JOIN LATERAL (
      SELECT FROM repository_blobs WHERE repository_id = r.id AND blob_id = b.id OFFSET 0) rb ON true
    JOIN LATERAL (
      SELECT key FROM blob_objects WHERE blob_id = b.id AND store = ${store} AND state = 'stored' OFFSET 0) o ON true`
}

/** The blobs that the keys name, in the order of the keys; undefined where the repository does not offer it. */
export async function findBlobsByName(
  db: Database,
  store: string,
  keys: readonly BlobKey[],
): Promise<(StoredBlob | undefined)[]> {
  const projectIds = keys.map((key) => key.projectId)
  const names = keys.map((key) => key.repository)
  const digests = keys.map((key) => key.digest)
  const result = await sql<StoredBlobRow & { ordinal: number }>`
    SELECT k.ordinal, b.id, b.digest, b.size, b.offer_time, o.key
    FROM unnest(${projectIds}::bigint[], ${names}::text[], ${digests}::text[])
      WITH ORDINALITY AS k(project_id, repository, digest, ordinal)
    ${blobOfKey(store, 'k.project_id')}`.execute(db)
  const found = new Map(result.rows.map((row) => [row.ordinal, toStoredBlob(row)]))

  return keys.map((_, index) => found.get(index + 1))
}

/** The live repositories that offer a blob, by id, at most `limit` of them; for mounts that name no source. */
export async function findOfferingRepositories(
  db: Database,
  digest: string,
  limit: number,
): Promise<number[]> {
  const rows = await db
    .selectFrom('repository_blobs')
    .innerJoin('blobs', 'blobs.id', 'repository_blobs.blob_id')
    .innerJoin('repositories', 'repositories.id', 'repository_blobs.repository_id')
    .select('repository_blobs.repository_id')
    .where('blobs.digest', '=', digest)
    .where('repositories.deletion_time', 'is', null)
    .orderBy('repository_blobs.repository_id')
    .limit(limit)
    .execute()

  return rows.map((row) => row.repository_id)
}

/**
 * The row of a digest, made where there is none, and locked until the end of the transaction: `lock_blob` of the migrations.
 *
 * Before it the repository that is to offer the blob is held against its deletion and its move to another
 * project. Answers the blob's id, undefined where the repository is gone from where the caller was let in.
 */
export async function lockBlob(
  tx: Database,
  digest: string,
  size: number,
  repository: AdmittedRepository,
): Promise<number | undefined> {
  const result = await sql<{ id: number }>`
    WITH held AS MATERIALIZED (SELECT id FROM repositories WHERE ${heldAs(repository)} FOR KEY SHARE)
    SELECT lock_blob(${digest}, ${size}) AS id FROM held`.execute(tx)

  return result.rows[0]?.id
}

/** What `linkNewBlob` is given, and has found. */
export interface NewLink {
  digest: string
  size: number
  repository: AdmittedRepository
  store: string
  /** The upload that ends with it. */
  upload?: { id: string; epoch: number } | undefined
  /** The id that `lockBlob` has answered. */
  locked?: number | undefined
  /** What else is to count in the project. */
  alongside: readonly CountedBlob[]
}

export interface Linked {
  id: number
  /** Whether the blob's bytes are there. */
  stored: boolean
  last_generation: number
  added: number
  spent: boolean
}

/**
 * Ends an upload, locks the blob as `lockBlob` does, makes the repository offer it and both count: `link_blob` of the
 * migrations, whose parts are told there. Answers what is gone where it could not.
 */
export async function linkNewBlob(
  tx: Database,
  link: NewLink,
): Promise<Linked | 'no upload' | 'no repository'> {
  const { repository, upload, alongside } = link
  const ids = alongside.length === 0 ? null : alongside.map((blob) => blob.id)
  const sizes = alongside.length === 0 ? null : alongside.map((blob) => blob.size)
  const result = await sql<Omit<Linked, 'id'> & { ended: boolean | null; id: number | null }>`
    SELECT ended, blob AS id, stored, last_generation, added, spent FROM link_blob(
      ${upload?.id ?? null}, ${upload?.epoch ?? null}, ${link.locked ?? null}, ${link.digest}, ${link.size},
      ${repository.id}, ${repository.projectId}, ${repository.name}, ${link.store},
      ${ids}::bigint[], ${sizes}::bigint[])`.execute(tx)
  const [row] = result.rows
  if (row?.ended === false) return 'no upload'

  return row === undefined || row.id === null ? 'no repository' : { ...row, id: row.id }
}

interface NewObject {
  blobId: number
  store: string
  key: string
  generation: number
}

/**
 * Notes where the bytes of a blob are. One that somebody has taken for an orphan meanwhile, since whoever placed it died before
 * he could say so, is taken out of quarantine; answers false where it is about to be deleted.
 */
export async function insertObject(tx: Database, object: NewObject): Promise<boolean> {
  const result = await sql`
    INSERT INTO blob_objects AS o (blob_id, store, key, generation, state)
    VALUES (${object.blobId}, ${object.store}, ${object.key}, ${object.generation}, 'stored')
    ON CONFLICT (store, key) DO UPDATE SET state = 'stored', blob_id = excluded.blob_id, generation = excluded.generation
      WHERE o.state = 'quarantined'`.execute(tx)

  return (result.numAffectedRows ?? 0n) > 0n
}

/** What `insert_last_object` says where it has inserted nothing. */
const DELETED_SOON = 'PT001'

/** The same as the last statement of a transaction, which is over, and to be rolled back, where the answer is false. */
export async function insertLastObject(tx: Database, object: NewObject): Promise<boolean> {
  try {
    await sql`${LAST}
      SELECT insert_last_object(${object.blobId}, ${object.store}, ${object.key}, ${object.generation})`.execute(
      tx,
    )
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === DELETED_SOON) return false
    throw error
  }
}

/** Makes a repository offer (held) blobs. */
export async function offerBlobs(
  tx: Database,
  repositoryId: number,
  blobIds: readonly number[],
): Promise<void> {
  await sql`
    INSERT INTO repository_blobs (repository_id, blob_id)
    SELECT ${repositoryId}, blob_id FROM unnest(${[...blobIds]}::bigint[]) AS b(blob_id) ORDER BY blob_id
    ON CONFLICT DO NOTHING`.execute(tx)
}

/** Makes a repository offer up to `limit` of its blobs no longer; answers how many. */
export async function unlinkSomeBlobs(db: Database, repositoryId: number, limit: number): Promise<number> {
  const result = await sql`
    DELETE FROM repository_blobs WHERE (repository_id, blob_id) IN (
      SELECT repository_id, blob_id FROM repository_blobs
      WHERE repository_id = ${repositoryId} LIMIT ${limit} FOR UPDATE SKIP LOCKED
    )`.execute(db)

  return Number(result.numAffectedRows ?? 0n)
}

/**
 * Makes a repository offer a blob no longer; answers the blob's id, undefined where it did not before. The
 * repository is held against its move to another project.
 */
export async function withdrawBlob(
  tx: Database,
  repository: AdmittedRepository,
  digest: string,
): Promise<number | undefined> {
  const result = await sql<{ id: number }>`
    WITH held AS MATERIALIZED (SELECT id FROM repositories WHERE ${heldAs(repository)} FOR KEY SHARE)
    DELETE FROM repository_blobs rb USING held, blobs b
    WHERE rb.repository_id = held.id AND b.digest = ${digest} AND rb.blob_id = b.id
    RETURNING rb.blob_id AS id`.execute(tx)

  return result.rows[0]?.id
}

/** Those of the blobs that live repositories of the project offer, but for one repository. */
export async function findOffered(
  db: Database,
  projectId: number,
  blobIds: readonly number[],
  exceptRepositoryId = 0,
): Promise<number[]> {
  const result = await sql<{ blob_id: number }>`
    SELECT b.blob_id FROM unnest(${[...blobIds]}::bigint[]) AS b(blob_id)
    WHERE EXISTS (
      SELECT FROM repository_blobs rb JOIN repositories r ON r.id = rb.repository_id
      WHERE rb.blob_id = b.blob_id AND rb.repository_id <> ${exceptRepositoryId}
        AND r.project_id = ${projectId} AND r.deletion_time IS NULL)`.execute(db)

  return result.rows.map((row) => row.blob_id)
}

/** The bytes that the blob counts with in the project; undefined where it does not. */
export async function findCountedBytes(
  db: Database,
  projectId: number,
  digest: string,
): Promise<number | undefined> {
  const row = await db
    .selectFrom('blobs')
    .innerJoin('project_blobs', 'project_blobs.blob_id', 'blobs.id')
    .select('project_blobs.bytes')
    .where('blobs.digest', '=', digest)
    .where('project_blobs.project_id', '=', projectId)
    .executeTakeFirst()

  return row?.bytes
}

/**
 * Those of the digests that the repository offers, with their ids and sizes. The repository is held against its
 * deletion and its move, then the blobs against collection (not against each other) until the transaction ends, in digest
 * order, so that pushes which share layers never wait in a circle. Whoever had to wait for the collector of a blob looks
 * again at its own row alone, so that must say that it was collected.
 */
export async function holdRepositoryBlobs(
  tx: Database,
  store: string,
  repository: AdmittedRepository,
  digests: string[],
): Promise<{ id: number; digest: string; size: number }[]> {
  if (digests.length === 0) return []
  const result = await sql<{ blobs: { id: number; digest: string; size: number }[] }>`
    WITH held AS MATERIALIZED (SELECT id FROM repositories WHERE ${heldAs(repository)} FOR KEY SHARE)
    SELECT hold_blobs(held.id, ${store}, ${digests}::text[]) AS blobs FROM held`.execute(tx)

  return result.rows[0]?.blobs ?? []
}

/**
 * Ids of digests whatever repository has them, or none: rows without an object are made, so that a
 * reference to what has not come yet is a reference all the same.
 */
export async function ensureBlobs(
  tx: Database,
  blobs: { digest: string; size: number }[],
): Promise<number[]> {
  if (blobs.length === 0) return []
  const sorted = [...blobs].sort((a, b) => (a.digest < b.digest ? -1 : 1))
  await tx
    .insertInto('blobs')
    .values(sorted.map(({ digest, size }) => ({ digest, size })))
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  const rows = await tx
    .selectFrom('blobs')
    .select('id')
    .where(sql<boolean>`digest = any(${sorted.map((blob) => blob.digest)}::text[])`)
    .orderBy('digest')
    .forKeyShare()
    .execute()

  return rows.map((row) => row.id)
}

/** Keeps blobs from being collected until the transaction ends: locks them in the order of pushes. */
export async function holdBlobs(tx: Database, blobIds: readonly number[]): Promise<void> {
  await sql`SELECT FROM blobs WHERE id = any(${[...blobIds]}::bigint[]) ORDER BY digest FOR KEY SHARE`.execute(
    tx,
  )
}

/** Renews the grace of a blob; answers false where it has been collected meanwhile. */
export async function renewOffer(db: Database, blobId: number): Promise<boolean> {
  const result = await db
    .updateTable('blobs')
    .set({ offer_time: sql<Date>`now()` })
    .where('id', '=', blobId)
    .where('collected', '=', false)
    .executeTakeFirst()

  return result.numUpdatedRows > 0n
}

function storedBlobs(db: Database, store: string) {
  return db
    .selectFrom('blobs')
    .innerJoin('blob_objects', 'blob_objects.blob_id', 'blobs.id')
    .select(['blobs.id', 'blobs.digest', 'blobs.size', 'blobs.offer_time', 'blob_objects.key'])
    .where('blob_objects.store', '=', store)
    .where('blob_objects.state', '=', 'stored')
}

/** A `StoredBlob`, as statements answer it. */
export interface StoredBlobRow {
  id: number
  digest: string
  size: number
  key: string
  offer_time: Date
}

export function toStoredBlob(row: StoredBlobRow): StoredBlob {
  return { id: row.id, digest: row.digest, size: row.size, key: row.key, offerTime: row.offer_time }
}
