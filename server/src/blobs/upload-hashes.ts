import { createRunningHash, type RunningHash } from '../lib/running-hash.ts'
import type { StorageDriver } from '../storage/driver.ts'
import type { Upload } from './model.ts'

/**
 * Running hashes of uploads between two chunks. A hash cannot be written down, so the process that took
 * the last chunk keeps it; any other reads the bytes again.
 */
export interface UploadHashes {
  /** A hash over the first `offset` bytes of the upload. The caller owns it until `keep`. */
  take(upload: Upload): Promise<RunningHash>
  keep(upload: Upload, hash: RunningHash): void
}

const MAX_KEPT = 4096

export function createUploadHashes(storage: StorageDriver): UploadHashes {
  const kept = new Map<string, { epoch: number; hash: RunningHash }>()

  return {
    async take(upload) {
      const known = kept.get(upload.id)
      kept.delete(upload.id)
      if (known && known.epoch === upload.epoch && known.hash.length === upload.offset) return known.hash

      const hash = createRunningHash(upload.algorithm)
      if (upload.state !== undefined && upload.offset > 0) {
        for await (const chunk of await storage.readUpload(upload.state, upload.offset))
          hash.update(chunk as Buffer)
      }
      return hash
    },
    keep(upload, hash) {
      kept.set(upload.id, { epoch: upload.epoch, hash })
      for (const oldest of kept.keys()) {
        if (kept.size <= MAX_KEPT) break
        kept.delete(oldest)
      }
    },
  }
}
