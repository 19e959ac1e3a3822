import { UploadUnknownError } from './errors.ts'
import type { Upload } from './model.ts'
import { findAbandonedUploads, findOrphanStates } from './upload-store.ts'
import { cancelUpload, type UploadsDeps } from './uploads.ts'

const BATCH = 100
// Files without a session are few: one look an hour takes so many at most.
const MAX_STALE = 1000

/**
 * Drops uploads that nobody has touched for `hours`, and bytes that no session holds because a process died
 * over them; answers how many.
 */
export async function purgeAbandonedUploads(deps: UploadsDeps, hours: number): Promise<number> {
  return (await purgeSessions(deps, hours)) + (await purgeBytes(deps, hours))
}

async function purgeSessions(deps: UploadsDeps, hours: number): Promise<number> {
  for (let purged = 0; ; ) {
    const batch = await findAbandonedUploads(deps.db, deps.store, hours, BATCH)
    for (const upload of batch) purged += await dropAbandoned(deps, upload)
    if (batch.length < BATCH) return purged
  }
}

/** One that its client has come back to meanwhile is let be. */
async function dropAbandoned(deps: UploadsDeps, upload: Upload): Promise<number> {
  try {
    await cancelUpload(deps, upload)
    return 1
  } catch (error) {
    if (error instanceof UploadUnknownError) return 0
    throw error
  }
}

async function purgeBytes(deps: UploadsDeps, hours: number): Promise<number> {
  const before = new Date(Date.now() - hours * 3_600_000)
  const stale = await deps.storage.staleUploads(before, MAX_STALE)
  const orphans = await findOrphanStates(deps.db, deps.store, stale)
  for (const state of orphans) await deps.storage.abortUpload(state)

  return orphans.length
}
