import { createHash, randomUUID } from 'node:crypto'
import { createQueues } from '../lib/queues.ts'
import type { Database } from '../platform/db/database.ts'
import type { Repository } from '../repositories/model.ts'
import { openMemoryDriver } from '../storage/drivers/memory/memory-driver.ts'
import { createArriving } from './arriving.ts'
import { createBlobLookup } from './lookup.ts'
import type { Upload } from './model.ts'
import { createUploadHashes } from './upload-hashes.ts'
import { appendChunk, takeOver, type UploadsDeps } from './uploads.ts'

/** A user, a project and a repository to hold blobs. */
export async function seedRepository(db: Database): Promise<Repository> {
  const name = `p${randomUUID().slice(0, 8)}`
  const user = await db
    .insertInto('users')
    .values({ username: name })
    .returning('id')
    .executeTakeFirstOrThrow()
  const project = await db
    .insertInto('projects')
    .values({ name, owner_id: user.id })
    .returning('id')
    .executeTakeFirstOrThrow()
  const { id } = await db
    .insertInto('repositories')
    .values({ project_id: project.id, name: 'app' })
    .returning('id')
    .executeTakeFirstOrThrow()

  return { id, projectId: project.id, name: 'app', published: false }
}

/** One process' view of the blob store: `of` shares the storage of another. */
export async function blobDeps(db: Database, of?: UploadsDeps): Promise<UploadsDeps> {
  const storage = of?.storage ?? (await openMemoryDriver())

  return {
    db,
    storage,
    store: 'memory',
    graceSeconds: 86_400,
    findByName: createBlobLookup(db, 'memory'),
    hashes: createUploadHashes(storage),
    arriving: createArriving(),
    perDigest: createQueues(),
    quotas: { enforced: () => true },
    findReferenced,
  }
}

/** As `artifacts` finds them, which is below this slice. */
async function findReferenced(tx: Database, projectId: number, blobIds: number[]): Promise<number[]> {
  const rows = await tx
    .selectFrom('artifact_blobs')
    .innerJoin('repositories', 'repositories.id', 'artifact_blobs.repository_id')
    .select('artifact_blobs.blob_id')
    .where('repositories.project_id', '=', projectId)
    .where('artifact_blobs.blob_id', 'in', blobIds)
    .execute()
  return rows.map((row) => row.blob_id)
}

/** Appends to an upload as it was when it was read. */
export async function append(
  deps: UploadsDeps,
  upload: Upload,
  source: AsyncIterable<Uint8Array>,
): Promise<Upload> {
  return await appendChunk(deps, await takeOver(deps, upload), source)
}

export function sha256(bytes: Uint8Array | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

/** A request body in pieces; `failure` breaks it off behind them. */
export async function* body(pieces: readonly string[], failure?: Error): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield Buffer.from(piece)
  if (failure) throw failure
}
