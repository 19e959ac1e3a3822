import { createChunkList } from '../lib/chunk-list.ts'
import { createRunningHash } from '../lib/running-hash.ts'
import { algorithmOf } from '../oci/digest.ts'
import { transact } from '../platform/db/transact.ts'
import { QuotaExceededError } from '../quotas/model.ts'
import type { AdmittedRepository } from '../repositories/model.ts'
import { commitBlob } from './commit.ts'
import { DigestMismatchError, UploadInterruptedError, UploadUnknownError } from './errors.ts'
import type { LinkOptions } from './link.ts'
import type { Upload } from './model.ts'
import type { BlobsDeps } from './service.ts'
import { deleteUpload } from './upload-store.ts'

/**
 * Takes a whole blob of so few bytes that they are put at once, where the store would rather have that. Undefined when it is
 * done, else the source with all its bytes.
 *
 * @throws {DigestMismatchError}
 * @throws {UploadInterruptedError}
 * @throws {QuotaExceededError}
 */
export async function uploadSmall(
  deps: BlobsDeps,
  repository: AdmittedRepository,
  source: AsyncIterable<Uint8Array>,
  digest: string,
): Promise<AsyncIterable<Uint8Array> | undefined> {
  const { putsUpTo } = deps.storage
  if (putsUpTo === undefined) return source
  const { bytes, rest, failure } = await gather(source, putsUpTo)
  if (failure instanceof QuotaExceededError) throw failure
  if (failure !== undefined) throw new UploadInterruptedError(failure)
  if (rest) return rest

  const actual = digestOf(bytes, digest)
  if (actual !== digest) throw new DigestMismatchError(digest, actual)
  await putBlob(deps, repository, bytes, digest)
  return undefined
}

/** Whether nothing has come of an upload yet, and nobody is about to write to it: it may end by `finishSmall`. */
export function isUntouched(upload: Upload): boolean {
  return upload.state === undefined && !upload.writing
}

/**
 * Ends an upload of which nothing has come yet with all its bytes, as `finishWithChunk` does, but nobody becomes its writer, and
 * nothing of it is written but the blob. Undefined when it is done. Where the source breaks off, or the bytes do not fit into
 * the quota, the answer is a source that does as this one did: the upload is to keep of it what it can.
 *
 * @throws {DigestMismatchError} the upload is over too.
 * @throws {UploadUnknownError} it has ended, or somebody writes to it, since it was read.
 */
export async function finishSmall(
  deps: BlobsDeps,
  repository: AdmittedRepository,
  upload: Upload,
  source: AsyncIterable<Uint8Array>,
  digest: string,
): Promise<AsyncIterable<Uint8Array> | undefined> {
  const { bytes, rest, failure } = await gather(source, deps.storage.putsUpTo ?? 0)
  if (rest) return rest
  if (failure !== undefined) return replay(bytes, failure)

  const actual = digestOf(bytes, digest)
  if (actual !== digest) {
    if (!(await deleteUpload(deps.db, upload))) throw new UploadUnknownError(upload.id)
    throw new DigestMismatchError(digest, actual)
  }
  try {
    await putBlob(deps, repository, bytes, digest, { upload })
    return undefined
  } catch (error) {
    if (error instanceof QuotaExceededError) return replay(bytes)
    throw error
  }
}

async function putBlob(
  deps: BlobsDeps,
  repository: AdmittedRepository,
  bytes: Buffer,
  digest: string,
  options: LinkOptions = {},
): Promise<void> {
  const blob = { digest, size: bytes.length, repository }
  const place = async (key: string) => {
    await deps.storage.put(key, bytes)
    return key
  }
  const all = { ...options, last: true }
  await deps.perDigest(digest, () => transact(deps.db, (tx) => commitBlob(tx, deps, blob, place, all)))
}

/** The digest of the bytes by the algorithm of another one. */
function digestOf(bytes: Uint8Array, like: string): string {
  const hash = createRunningHash(algorithmOf(like))
  hash.update(bytes)
  return hash.digest()
}

async function* replay(bytes: Uint8Array, failure?: unknown): AsyncGenerator<Uint8Array> {
  yield bytes
  if (failure !== undefined) throw failure
}

/**
 * All bytes, or, where there are more than `most`, a source that begins with those that have come; where the source broke off,
 * why, and what came before.
 */
async function gather(
  source: AsyncIterable<Uint8Array>,
  most: number,
): Promise<{ bytes: Buffer; rest?: AsyncIterable<Uint8Array>; failure?: unknown }> {
  const iterator = source[Symbol.asyncIterator]()
  const chunks = createChunkList()
  try {
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
      chunks.add(next.value)
      if (chunks.size > most) return { bytes: Buffer.alloc(0), rest: goOn(chunks.chunks(), iterator) }
    }
  } catch (failure) {
    return { bytes: chunks.join(), failure }
  }
  return { bytes: chunks.join() }
}

/** Closing it closes the source, whether anything of it was read by then or not. */
function goOn(
  chunks: readonly Uint8Array[],
  iterator: AsyncIterator<Uint8Array>,
): AsyncIterableIterator<Uint8Array> {
  const before = chunks.values()
  const self: AsyncIterableIterator<Uint8Array> = {
    [Symbol.asyncIterator]: () => self,
    async next() {
      const chunk = before.next()
      return chunk.done ? await iterator.next() : chunk
    },
    async return() {
      await iterator.return?.()
      return { done: true, value: undefined }
    },
  }
  return self
}
