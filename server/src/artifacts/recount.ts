import type { Database } from '../platform/db/database.ts'
import { shareAnew } from '../quotas/count.ts'
import { correctUsage } from '../quotas/usage-store.ts'
import { countAgain } from './count-again.ts'
import { listReferencedBlobs } from './reference-store.ts'

const BATCH = 1_000

/**
 * Sets a project's usage right from what its artifacts reference, while everything goes on: blobs that should count
 * and do not are added, then the sum is corrected. Answers by how many bytes each was wrong, 0 and 0 where all is well.
 */
export async function recountProject(
  db: Database,
  projectId: number,
): Promise<{ missing: number; mistake: number }> {
  const blobs = (await listReferencedBlobs(db, projectId)).sort((a, b) => a.id - b.id)
  let missing = 0
  for (let at = 0; at < blobs.length; at += BATCH) {
    const batch = blobs.slice(at, at + BATCH)
    missing += await db
      .transaction()
      .execute((tx) => countAgain(tx, { enforced: () => false }, projectId, batch))
  }

  const mistake = await db.transaction().execute(async (tx) => {
    const corrected = await correctUsage(tx, projectId)
    if (corrected !== 0) await shareAnew(tx, projectId)
    return corrected
  })

  return { missing, mistake }
}
