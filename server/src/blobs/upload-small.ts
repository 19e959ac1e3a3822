import { createRunningHash } from '../lib/running-hash.ts'
import { algorithmOf } from '../oci/digest.ts'
import { transact } from '../platform/db/transact.ts'
import { QuotaExceededError } from '../quotas/model.ts'
import type { AdmittedRepository } from '../repositories/model.ts'
import { commitBlob } from './commit.ts'
import { DigestMismatchError, UploadInterruptedError } from './errors.ts'
import type { BlobsDeps } from './service.ts'

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
  const { bytes, rest } = await gather(source, putsUpTo)
  if (rest) return rest

  const hash = createRunningHash(algorithmOf(digest))
  hash.update(bytes)
  if (hash.digest() !== digest) throw new DigestMismatchError(digest, hash.digest())
  const blob = { digest, size: bytes.length, repository }
  const place = async (key: string) => {
    await deps.storage.put(key, bytes)
    return key
  }
  await deps.perDigest(digest, () => transact(deps.db, (tx) => commitBlob(tx, deps, blob, place)))
  return undefined
}

/** All bytes, or, where there are more than `most`, a source that begins with those that have come. */
async function gather(
  source: AsyncIterable<Uint8Array>,
  most: number,
): Promise<{ bytes: Buffer; rest?: AsyncIterable<Uint8Array> }> {
  const iterator = source[Symbol.asyncIterator]()
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
      chunks.push(next.value)
      size += next.value.byteLength
      if (size > most) return { bytes: Buffer.alloc(0), rest: goOn(chunks, iterator) }
    }
  } catch (error) {
    throw error instanceof QuotaExceededError ? error : new UploadInterruptedError(error)
  }
  return { bytes: Buffer.concat(chunks, size) }
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
