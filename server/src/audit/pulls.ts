import type { Database } from '../platform/db/database.ts'
import { eventTypeOf } from './model.ts'
import { record } from './record.ts'
import type { AuditDeps } from './subscribers.ts'
import { type AuditedPull, toPullRow } from './words.ts'

/**
 * Writes pulls into the log, within the transaction that counts them. They come in thousands and nobody else
 * waits for them, so that each has no event of its own.
 */
export async function writePulls(
  deps: AuditDeps,
  tx: Database,
  pulls: readonly AuditedPull[],
): Promise<void> {
  const disabled = await deps.disabledTypes()
  const rows = pulls.map(toPullRow).filter((row) => !disabled.has(eventTypeOf(row)))
  await record(tx, rows, deps.destinations?.() ?? { forward: false, keep: true })
}
