import type { UploadState } from '../../driver.ts'
import type { Bucket } from './bucket.ts'
import { UPLOADS, uploadOf, uploadPrefix } from './names.ts'

const PAGE = 1000

/** Uploads whose newest mark is older than `before`, in the order of their names. */
export async function staleUploads(bucket: Bucket, before: Date, limit: number): Promise<UploadState[]> {
  await abortLostMultiparts(bucket, before, limit)
  const stale: UploadState[] = []
  let current: { name: string; written: Date } | undefined

  function close(): void {
    if (current && current.written < before && stale.length < limit) stale.push({ name: current.name })
  }

  for (let after = '', more = true; more && stale.length < limit; ) {
    const page = await bucket.list(UPLOADS, after, PAGE)
    for (const { key, lastModified } of page.objects) {
      const name = uploadOf(key)
      if (name === undefined) continue
      if (current?.name !== name) {
        close()
        current = { name, written: lastModified }
      } else if (lastModified > current.written) {
        current.written = lastModified
      }
    }
    after = page.objects.at(-1)?.key ?? after
    more = page.more
  }
  close()

  return stale
}

/**
 * No mark speaks of them: their process died, or the answer that named them was lost. As long as their upload is there they are
 * left alone, for it may be about to write its mark.
 */
async function abortLostMultiparts(bucket: Bucket, before: Date, limit: number): Promise<void> {
  for (const multipart of await bucket.begunBefore(before, limit)) {
    if (!(await isInProgress(bucket, multipart.key))) await bucket.abort(multipart)
  }
}

/** To other keys than the driver's own nothing leads but a copy within the bucket, and none takes that long. */
async function isInProgress(bucket: Bucket, key: string): Promise<boolean> {
  const name = uploadOf(key)
  if (name === undefined) return false
  const { objects } = await bucket.list(uploadPrefix(name), '', 1)

  return objects.length > 0
}
