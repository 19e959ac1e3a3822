import { createHash } from 'node:crypto'
import { createLru } from '../lib/lru.ts'
import { algorithmOf } from '../oci/digest.ts'
import type { ObjectReader } from '../storage/driver.ts'
import type { StoredBlob } from './model.ts'

/** Larger ones are read each time: a client takes longer to receive them than the store to read them. */
const MOST_BYTES = 64 * 1024
const CACHE_BYTES = 16 * 1024 * 1024

/** The bytes of small blobs, from memory where they were read before; undefined where the blob is larger. */
export interface SmallBodies {
  read(blob: StoredBlob): Promise<Buffer> | Buffer | undefined
}

/**
 * Remembers the configurations and small layers that everybody pulls. Content never changes, so it is never stale; whether the blob is
 * still there its caller has asked the database. What does not have its digest is read again each time, so that it
 * is right once the store is.
 */
export function createSmallBodies(open: (key: string) => Promise<ObjectReader>): SmallBodies {
  const kept = createLru<string, Buffer>(CACHE_BYTES, (body) => body.length)

  async function load({ key, size, digest }: StoredBlob): Promise<Buffer> {
    const body = Buffer.allocUnsafeSlow(size)
    const reader = await open(key)
    try {
      for (let done = 0; done < size; ) {
        const read = await reader.read(body.subarray(done), done)
        if (read === 0) throw new Error(`the object ends at byte ${done}`)
        done += read
      }
    } finally {
      await reader.close()
    }
    const algorithm = algorithmOf(digest)
    if (`${algorithm}:${createHash(algorithm).update(body).digest('hex')}` === digest) kept.set(digest, body)
    return body
  }

  return {
    read: (blob) => (blob.size > MOST_BYTES ? undefined : (kept.get(blob.digest) ?? load(blob))),
  }
}
