import { createHash } from 'node:crypto'
import { createLru } from '../lib/lru.ts'
import { algorithmOf } from '../oci/digest.ts'
import type { StoredBlob } from './model.ts'

/** Larger ones are read each time: a client takes longer to receive them than the store to read them. */
const MOST_BYTES = 64 * 1024
const CACHE_BYTES = 16 * 1024 * 1024
/** What one takes beside its bytes: a million that are hardly anything would take a gigabyte. */
const ENTRY_BYTES = 1024

/** The bytes of small blobs, from memory where they were read before; undefined where the blob is larger. */
export interface SmallBodies {
  read(blob: StoredBlob): Promise<Buffer> | Buffer | undefined
}

/**
 * Remembers the configurations and small layers that everybody pulls. Content never changes, so it is never stale; whether the blob is
 * still there its caller has asked the database. What does not have its digest is read again each time, so that it
 * is right once the store is.
 */
export function createSmallBodies(read: (blob: StoredBlob) => Promise<Buffer>): SmallBodies {
  const kept = createLru<string, Buffer>(CACHE_BYTES, (body) => body.length + ENTRY_BYTES)

  async function load(blob: StoredBlob): Promise<Buffer> {
    const body = await read(blob)
    const algorithm = algorithmOf(blob.digest)
    const digest = `${algorithm}:${createHash(algorithm).update(body).digest('hex')}`
    if (digest === blob.digest) kept.set(digest, body)
    return body
  }

  return {
    read: (blob) => (blob.size > MOST_BYTES ? undefined : (kept.get(blob.digest) ?? load(blob))),
  }
}
