import { randomUUID } from 'node:crypto'
import { ignore } from '../lib/ignore.ts'
import { createRunningHash, hashThrough, type RunningHash } from '../lib/running-hash.ts'
import { type Algorithm, algorithmOf } from '../oci/digest.ts'
import { transact } from '../platform/db/transact.ts'
import { QuotaExceededError } from '../quotas/model.ts'
import type { AdmittedRepository, Repository } from '../repositories/model.ts'
import type { UploadState } from '../storage/driver.ts'
import { ObjectMissingError, StorageFailureError } from '../storage/errors.ts'
import type { Arriving } from './arriving.ts'
import { commitBlob } from './commit.ts'
import {
  DigestMismatchError,
  UploadInterruptedError,
  UploadOffsetError,
  UploadUnknownError,
} from './errors.ts'
import type { LinkOptions } from './link.ts'
import type { Upload } from './model.ts'
import type { BlobsDeps } from './service.ts'
import type { UploadHashes } from './upload-hashes.ts'
import { uploadSmall } from './upload-small.ts'
import {
  deleteUpload,
  findUpload,
  findUploadByName,
  insertUpload,
  noteState,
  saveUpload,
  takeUpload,
  takeUploadByName,
} from './upload-store.ts'

export interface UploadsDeps extends BlobsDeps {
  hashes: UploadHashes
  arriving: Arriving
}

/** Begins an upload. The store hears of it with its first bytes: most have all of them in one request, and need no file. */
export async function startUpload(
  deps: UploadsDeps,
  repositoryId: number,
  algorithm: Algorithm,
): Promise<Upload> {
  const upload = newUpload(repositoryId, algorithm)
  await insertUpload(deps.db, deps.store, upload)

  return upload
}

/** @throws {UploadUnknownError} */
export async function getUpload(deps: UploadsDeps, repositoryId: number, id: string): Promise<Upload> {
  const upload = await findUpload(deps.db, repositoryId, id)
  if (!upload) throw new UploadUnknownError(id)

  return upload
}

/** An upload of which this process is the one writer, by an epoch of its own. */
export type OwnUpload = Upload & { writing: true }

/**
 * Makes this process the one writer of an upload of a live repository, named as a client does; undefined where there is none.
 * Whoever gets it appends or finishes, whatever comes: until then the next writer takes a copy. `start` is
 * where the client says that its chunk begins, undefined for wherever the upload stands.
 *
 * @throws {UploadOffsetError} the chunk begins elsewhere, or another writer took over meanwhile.
 */
export async function openUpload(
  deps: UploadsDeps,
  place: { projectId: number; repository: string },
  id: string,
  start?: number,
): Promise<{ upload: OwnUpload; repository: Repository } | undefined> {
  const free = start === undefined ? await takeUploadByName(deps.db, place, id) : undefined
  if (free) return { ...free, upload: { ...free.upload, writing: true } }
  const found = await findUploadByName(deps.db, place, id)
  if (!found) return undefined
  if (start !== undefined && start !== found.upload.offset) throw new UploadOffsetError(found.upload.offset)

  return { ...found, upload: await takeOver(deps, found.upload) }
}

/**
 * Appends a chunk; what the answer says is durable.
 *
 * @throws {UploadOffsetError} another writer took over meanwhile.
 * @throws {UploadInterruptedError} the source broke off; what had arrived is kept and counted.
 * @throws {QuotaExceededError} thrown by the source: more came than the project may hold. The upload is dropped.
 */
export async function appendChunk(
  deps: UploadsDeps,
  upload: OwnUpload,
  source: AsyncIterable<Uint8Array>,
): Promise<Upload> {
  const { appended, hash, failure } = await receive(deps, upload, source)
  await save(deps, upload, appended)
  if (failure !== undefined) await breakOff(deps, appended, failure, hash)
  keepHash(deps, appended, hash)

  return appended
}

/**
 * Ends an upload with its last bytes, or all of them, as `appendChunk` and `finishUpload` together do, but says nowhere
 * how far it is in between: a client that hears nothing sends these bytes again.
 */
export async function finishWithChunk(
  deps: UploadsDeps,
  repository: AdmittedRepository,
  upload: OwnUpload,
  source: AsyncIterable<Uint8Array>,
  digest: string,
): Promise<void> {
  const { appended, hash, failure } = await receive(deps, upload, source)
  if (failure !== undefined) {
    await save(deps, upload, appended)
    await breakOff(deps, appended, failure, hash)
  }
  try {
    await finishUpload(deps, repository, appended, digest)
  } catch (error) {
    if (error instanceof UploadUnknownError) await dropUnnoted(deps, upload, appended)
    // It can be finished once there is room.
    else if (error instanceof QuotaExceededError) await saveUpload(deps.db, appended)
    // These bytes are to be sent again, as if they had not come: but somebody has to know where they lie.
    else if (!(error instanceof DigestMismatchError) && upload.state === undefined)
      await noteState(deps.db, appended).catch(ignore)
    throw error
  }
}

/** Says how far an upload is. Throws `UploadOffsetError` where another writer took over meanwhile. */
async function save(deps: UploadsDeps, before: Upload, appended: ReceivedUpload): Promise<void> {
  if (await saveUpload(deps.db, appended)) return
  await dropUnnoted(deps, before, appended)
  throw new UploadOffsetError(before.offset)
}

/** The bytes of the first writer, of which the row never said where they are: whoever took over could not drop them. */
async function dropUnnoted(deps: UploadsDeps, before: Upload, { state }: ReceivedUpload): Promise<void> {
  if (before.state === undefined) await deps.storage.abortUpload(state)
}

/** An upload that the store knows of. */
type ReceivedUpload = Upload & { state: UploadState }

/** Writes what comes; nothing of it is told to the database yet. */
async function receive(
  deps: UploadsDeps,
  upload: OwnUpload,
  source: AsyncIterable<Uint8Array>,
): Promise<{ appended: ReceivedUpload; hash: RunningHash; failure: unknown }> {
  const before = { ...upload, epoch: upload.epoch - 1 }
  const hash = await ownBytes(upload.id, () => deps.hashes.take(before))
  const state = upload.state ?? (await deps.storage.startUpload(upload.id))
  const result = await ownBytes(upload.id, () =>
    deps.storage.append(state, upload.offset, hashThrough(source, hash)),
  ).catch(async (error: unknown) => {
    await dropUnnoted(deps, upload, { ...upload, state }).catch(ignore)
    throw error
  })
  const appended: ReceivedUpload = {
    ...upload,
    state: result.state,
    offset: upload.offset + result.written,
    offsetDigest: hash.digest(),
    writing: false,
  }
  if (hash.length !== appended.offset)
    appended.offsetDigest = await rehash(deps, appended, appended.algorithm)

  return { appended, hash, failure: result.failure }
}

/** What a source that broke off leaves behind, which is saved. */
async function breakOff(
  deps: UploadsDeps,
  appended: Upload,
  failure: unknown,
  hash: RunningHash,
): Promise<never> {
  if (failure instanceof QuotaExceededError) {
    await cancelUpload(deps, appended)
    throw failure
  }
  keepHash(deps, appended, hash)
  throw new UploadInterruptedError(failure)
}

function keepHash(deps: UploadsDeps, appended: Upload, hash: RunningHash): void {
  if (hash.length === appended.offset) deps.hashes.keep(appended, hash)
}

/**
 * Ends an upload to the repository: compares the digest, places the object and makes the repository offer the blob. When
 * it resolves, bytes and rows are on stable storage. A wrong digest ends the upload too; one that does not fit
 * into the project's quota can be finished later.
 *
 * @throws {DigestMismatchError}
 * @throws {QuotaExceededError}
 */
export async function finishUpload(
  deps: UploadsDeps,
  repository: AdmittedRepository,
  session: Upload,
  digest: string,
): Promise<void> {
  // A writer that has not reported its end might still write, into what would then be an object.
  const upload = session.writing ? await takeOver(deps, session) : session
  const actual =
    algorithmOf(digest) === upload.algorithm
      ? upload.offsetDigest
      : await ownBytes(upload.id, () => rehash(deps, upload, algorithmOf(digest)))
  if (actual !== digest) {
    await cancelUpload(deps, upload)
    throw new DigestMismatchError(digest, actual)
  }

  const { placed } = await commitUploaded(deps, repository, upload, digest, { upload })
  if (!placed) await abortBytes(deps, upload)
}

/** Takes a whole blob in one go, without a session. Same promises as `finishUpload`. */
export async function uploadWhole(
  deps: UploadsDeps,
  repository: AdmittedRepository,
  source: AsyncIterable<Uint8Array>,
  digest: string,
): Promise<void> {
  const rest = await uploadSmall(deps, repository, source, digest)
  if (!rest) return
  const large = rest[Symbol.asyncIterator]()
  try {
    await uploadLarge(deps, repository, { [Symbol.asyncIterator]: () => large }, digest)
  } finally {
    // Where the store refused before it read: bytes that nobody reads would stand before the client's next request.
    large.return?.().catch(ignore)
  }
}

async function uploadLarge(
  deps: UploadsDeps,
  repository: AdmittedRepository,
  large: AsyncIterable<Uint8Array>,
  digest: string,
): Promise<void> {
  const upload = newUpload(repository.id, algorithmOf(digest))
  let placed = false
  let state = await deps.storage.startUpload(upload.id)
  try {
    const hash = createRunningHash(upload.algorithm)
    const result = await deps.storage.append(state, 0, hashThrough(large, hash))
    state = result.state
    if (result.failure instanceof QuotaExceededError) throw result.failure
    if (result.failure !== undefined) throw new UploadInterruptedError(result.failure)
    if (hash.digest() !== digest) throw new DigestMismatchError(digest, hash.digest())
    // The digest is that of what came, which is to be what was kept.
    if (result.written !== hash.length) {
      const cause = new Error(`${result.written} of ${hash.length} bytes were kept`)
      throw new StorageFailureError('append', upload.id, cause)
    }

    const whole = { ...upload, state, offset: result.written }
    const committed = await commitUploaded(deps, repository, whole, digest)
    placed = committed.placed
  } finally {
    if (!placed) await deps.storage.abortUpload(state)
  }
}

/**
 * Drops an upload and its bytes.
 *
 * @throws {UploadUnknownError} it has ended, or a new writer has it, since it was read.
 */
export async function cancelUpload(deps: UploadsDeps, upload: Upload): Promise<void> {
  const ended = await deleteUpload(deps.db, upload)
  if (!ended) throw new UploadUnknownError(upload.id)
  await abortBytes(deps, ended)
}

async function abortBytes(deps: UploadsDeps, { state }: Pick<Upload, 'state'>): Promise<void> {
  if (state !== undefined) await deps.storage.abortUpload(state)
}

function newUpload(repositoryId: number, algorithm: Algorithm): Upload {
  return {
    id: randomUUID(),
    repositoryId,
    state: undefined,
    algorithm,
    offset: 0,
    offsetDigest: createRunningHash(algorithm).digest(),
    epoch: 0,
    writing: false,
  }
}

/**
 * Makes this process the one writer. Where the last writer has not reported its end it may still be
 * writing, so we go on in a copy of what it had committed, and its bytes go nowhere.
 */
export async function takeOver(deps: UploadsDeps, upload: Upload): Promise<OwnUpload> {
  const taken = upload.writing ? { ...upload, state: await forkBytes(deps, upload) } : upload
  if (!(await takeUpload(deps.db, upload, taken.state))) {
    if (upload.writing) await abortBytes(deps, taken)
    throw new UploadOffsetError(upload.offset)
  }
  if (upload.writing) await abortBytes(deps, upload)

  return { ...taken, epoch: upload.epoch + 1, writing: true }
}

/** Nothing where nothing was committed yet: the next writer begins with bytes of his own. */
async function forkBytes(deps: UploadsDeps, upload: Upload): Promise<UploadState | undefined> {
  const { id, state, offset } = upload
  if (state === undefined || offset === 0) return undefined
  return await ownBytes(id, () => deps.storage.forkUpload(state, randomUUID(), offset))
}

async function commitUploaded(
  deps: UploadsDeps,
  repository: AdmittedRepository,
  upload: Upload,
  digest: string,
  options: LinkOptions = {},
) {
  const blob = { digest, size: upload.offset, repository }
  const place = async (key: string) => {
    if (upload.state !== undefined) return deps.storage.finishUpload(upload.state, upload.offset, key)
    await deps.storage.put(key, new Uint8Array())
    return key
  }

  const all = { ...options, last: true }
  const committed = await ownBytes(upload.id, () =>
    deps.perDigest(digest, () => transact(deps.db, (tx) => commitBlob(tx, deps, blob, place, all))),
  )
  // Not before: an upload whose row a crash or the database brings back is to be there. What stays behind is swept.
  if (committed.placed && upload.state !== undefined)
    await deps.storage.forgetUpload(upload.state).catch(ignore)
  return committed
}

async function rehash(deps: UploadsDeps, upload: Upload, algorithm: Algorithm): Promise<string> {
  const hash = createRunningHash(algorithm)
  if (upload.state !== undefined && upload.offset > 0) {
    for await (const chunk of await deps.storage.readUpload(upload.state, upload.offset))
      hash.update(chunk as Buffer)
  }

  return hash.digest()
}

/** That an upload's bytes are gone means that there is no such upload (any more). */
async function ownBytes<T>(id: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof ObjectMissingError) throw new UploadUnknownError(id)
    throw error
  }
}
