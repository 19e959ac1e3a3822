import type { Database } from '../platform/db/database.ts'
import { eventTypeOf, type NewAuditRow } from './model.ts'
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
  const rows = toRows(pulls).filter((row) => !disabled.has(eventTypeOf(row)))
  await record(tx, rows, deps.destinations?.() ?? { forward: false, keep: true })
}

/** The words of a pull are found once for all that differ in nothing but their time. */
function toRows(pulls: readonly AuditedPull[]): NewAuditRow[] {
  const known = new Map<string, NewAuditRow>()
  return pulls.map((pull) => {
    const { projectId, projectName, repository, digest, tag = '', actor, address } = pull
    const who = `${actor?.username ?? ''}\0${address}`
    const name = `${projectId}\0${projectName}\0${repository}\0${digest}\0${tag}\0${who}`
    const row = known.get(name)
    if (row) return { ...row, opTime: pull.time }
    const made = toPullRow(pull)
    known.set(name, made)
    return made
  })
}
