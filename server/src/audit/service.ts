import type { Database } from '../platform/db/database.ts'
import { ensurePartitions } from './partition-store.ts'

/** Makes the partitions of this month and the next, so that no insert has to. To be called now and then. */
export async function ensureComingPartitions(deps: { db: Database; now(): Date }): Promise<void> {
  const now = deps.now()
  const next = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1))
  await deps.db.transaction().execute((tx) => ensurePartitions(tx, [now, next]))
}
