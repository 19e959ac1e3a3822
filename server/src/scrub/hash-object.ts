import { createHash } from 'node:crypto'
import type { StorageDriver } from '../storage/driver.ts'
import type { Pace } from './pace.ts'

/** Reads an object to its end; answers the digest of what is there, by the algorithm of `like`, and its bytes. */
export async function hashObject(
  storage: StorageDriver,
  key: string,
  like: string,
  pace: Pace,
  signal?: AbortSignal,
): Promise<{ digest: string; bytes: number }> {
  const algorithm = like.startsWith('sha512:') ? 'sha512' : 'sha256'
  const hash = createHash(algorithm)
  let bytes = 0
  // Leaving the loop closes the stream.
  for await (const chunk of await storage.read(key)) {
    const part = chunk as Buffer
    hash.update(part)
    bytes += part.length
    await pace.spend(part.length, signal)
  }

  return { digest: `${algorithm}:${hash.digest('hex')}`, bytes }
}
