import type { Database } from '../platform/db/database.ts'
import { eventTypeOf, type NewAuditRow } from './model.ts'
import { record } from './record.ts'
import type { AuditDeps } from './subscribers.ts'
import { toRow } from './words.ts'

/** What the log tells of a pull. */
export interface AuditedPull {
  projectId: number
  projectName: string
  repository: string
  digest: string
  tag?: string
  actor: { username: string } | undefined
  address: string
  time: Date
}

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
  const rows = pulls
    .map(toPullRow)
    .filter((row) => row !== undefined)
    .filter((row) => !disabled.has(eventTypeOf(row)))
  await record(tx, rows, deps.destinations?.() ?? { forward: false, keep: true })
}

function toPullRow({ time, actor, address, ...payload }: AuditedPull): NewAuditRow | undefined {
  const who = { username: actor?.username ?? '', address }
  return toRow({ id: 0, type: 'artifact.pulled', payload: { ...payload, actor: who }, occurrenceTime: time })
}
