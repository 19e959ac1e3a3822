import { QuotaExceededError } from '../quotas/model.ts'
import { UploadUnknownError } from './errors.ts'
import { findIdleUploads, sumUnfinished } from './upload-store.ts'
import { cancelUpload, type UploadsDeps } from './uploads.ts'

/**
 * What all unfinished uploads of a project together may hold, in limits of the project. More than one: who was cut off begins
 * anew, and several may bring the same blob. Each for itself is bounded by what is left (`quotas/admission.ts`).
 */
const LIMITS = 4
/** Where they hold too much, those that nobody has touched for so long go first. */
const IDLE_SECONDS = 60
const BATCH = 100

/** A body on its way into an upload of a project with a limit. */
export interface Passage {
  /** Before it begins, with what is announced. Throws QuotaExceededError. */
  expect(bytes: number): Promise<void>
  /** Throws QuotaExceededError where the unfinished uploads of the project hold too much. */
  take(bytes: number): Promise<void> | undefined
  /** In the end, whatever came. */
  end(): void
}

/**
 * Keeps count of a body. What the uploads of the project hold is asked for once in so many bytes, not for each chunk; what comes
 * to other processes meanwhile shows when it is in their rows. So the bound is not exact, but holds.
 */
export function openPassage(
  deps: UploadsDeps,
  { id, storageLimit = Number.POSITIVE_INFINITY }: { id: number; storageLimit?: number | undefined },
): Passage {
  const arrivals = deps.arriving.of(id)
  let own = 0

  async function look(more: number): Promise<void> {
    arrivals.unseen = 0
    if (!deps.quotas.enforced()) return
    const most = storageLimit * LIMITS
    // Bodies end before their rows say so: asked in this order, nothing is counted twice.
    const excess = async () => (await sumUnfinished(deps.db, id)) + arrivals.inFlight + more - most
    const first = await excess()
    if (first <= 0) return
    await dropIdle(deps, id, first)
    const left = await excess()
    if (left > 0) throw new QuotaExceededError(more, left + most - more, most, 'unfinished uploads')
  }

  return {
    async expect(bytes) {
      if (arrivals.unseen + bytes >= deps.arriving.lookEvery) await look(bytes)
    },
    take(bytes) {
      own += bytes
      arrivals.inFlight += bytes
      arrivals.unseen += bytes
      return arrivals.unseen >= deps.arriving.lookEvery ? look(0) : undefined
    },
    end() {
      arrivals.inFlight -= own
      own = 0
    },
  }
}

/** Drops uploads that nobody works at, oldest first, until so many bytes are free. */
async function dropIdle(deps: UploadsDeps, projectId: number, bytes: number): Promise<void> {
  let left = bytes
  for (const upload of await findIdleUploads(deps.db, deps.store, projectId, IDLE_SECONDS, BATCH)) {
    if (left <= 0) return
    try {
      await cancelUpload(deps, upload)
    } catch (error) {
      // Its client has come back to it, or somebody else has dropped it.
      if (!(error instanceof UploadUnknownError)) throw error
    }
    left -= upload.offset
  }
}
