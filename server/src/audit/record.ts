import type { Database } from '../platform/db/database.ts'
import { insertForwards } from './forwarding/queue-store.ts'
import type { NewAuditRow } from './model.ts'
import { insertRows } from './store.ts'

/** Where entries go. */
export interface Destinations {
  /** To a receiver. */
  forward: boolean
  /** Into the log that is shown here. */
  keep: boolean
}

/** Writes entries to where they go, all or none. */
export async function record(
  tx: Database,
  rows: readonly NewAuditRow[],
  { forward, keep }: Destinations,
): Promise<void> {
  if (keep) await insertRows(tx, rows)
  if (forward) await insertForwards(tx, rows)
}
