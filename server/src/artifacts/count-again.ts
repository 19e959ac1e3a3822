import { holdBlobs } from '../blobs/store.ts'
import type { Database } from '../platform/db/database.ts'
import { countBlobs, type QuotaPolicy } from '../quotas/count.ts'
import type { CountedBlob } from '../quotas/model.ts'

/**
 * Counts blobs in a project that the transaction has not locked, as a restoration and a move do: takes their locks in the
 * order of pushes first (decision 0036); one that counts them needs these anyway, and would take them by id. Answers the bytes
 * that were added.
 *
 * @throws {QuotaExceededError} the project may not hold so much.
 */
export async function countAgain(
  tx: Database,
  quotas: QuotaPolicy,
  projectId: number,
  blobs: readonly CountedBlob[],
): Promise<number> {
  await holdBlobs(
    tx,
    blobs.map((blob) => blob.id),
  )

  return countBlobs(tx, quotas, projectId, blobs)
}
