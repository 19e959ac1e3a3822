import type { Logger } from 'pino'
import type { Database } from '../platform/db/database.ts'
import { deleteOldDeliveries } from './delivery-store.ts'
import { findCrowded, giveUpOldest } from './lane-store.ts'

export interface CleanUpLimits {
  /** Deliveries that have arrived, of each webhook. */
  keep: number
  /** Deliveries that wait, for each target: one that hears more than it takes never catches up. */
  mostWaiting: number
  /** Dead letters, of each webhook, and for how many days. */
  mostDead: number
  deadDays: number
}

/** Bounds what webhooks keep: history, dead letters, and what waits. */
export async function cleanUpDeliveries(
  { db, log }: { db: Database; log: Logger },
  { mostWaiting, ...limits }: CleanUpLimits,
): Promise<void> {
  for (const lane of await findCrowded(db, mostWaiting)) {
    const given = await db.transaction().execute((tx) => giveUpOldest(tx, lane, mostWaiting))
    log.warn({ ...lane, deliveries: given }, 'webhook deliveries were given up: the target takes too few')
  }
  await deleteOldDeliveries(db, limits)
}
