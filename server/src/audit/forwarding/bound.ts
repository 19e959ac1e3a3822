import type { Logger } from 'pino'
import type { Database } from '../../platform/db/database.ts'
import { deleteForwardsUpTo, findForwardsToDrop } from './queue-store.ts'

/** So many entries wait for the receiver at most: some hundred megabytes of the database. */
const MOST_WAITING = 1_000_000
const BATCH = 10_000

export interface BoundDeps {
  db: Database
  log: Logger
  /** Told how many entries were dropped. */
  onDropped?: ((count: number) => void) | undefined
}

/**
 * Drops the oldest entries where too many wait: a receiver that does not come back must not fill the database. The log here has
 * them still, unless it was told to keep none.
 */
export async function boundForwards(
  { db, log, onDropped }: BoundDeps,
  most: number = MOST_WAITING,
): Promise<void> {
  const last = await findForwardsToDrop(db, most)
  if (last === undefined) return
  let dropped = 0
  for (let count = BATCH; count === BATCH; dropped += count) count = await deleteForwardsUpTo(db, last, BATCH)
  // The forwarder has been faster.
  if (dropped === 0) return
  log.error({ entries: dropped }, 'the oldest entries of the audit log were not forwarded: too many wait')
  onDropped?.(dropped)
}
