import { doomQuarantined } from '../blobs/quarantine-store.ts'
import { deleteObjects } from '../gc/collect.ts'
import { transact } from '../platform/db/transact.ts'
import { deleteEnded, lockExpired, noteExpired, noteHealed } from './findings-store.ts'
import type { Finding } from './model.ts'
import type { ScrubDeps } from './settle-object.ts'

const BATCH = 500
const WORKERS = 4
/** What has ended is shown for so long. */
const KEPT_DAYS = 90

/**
 * What becomes of findings with time: an upload has healed them, nothing needs them any more, or their days in quarantine
 * are over and their bytes go. Rejects, once it is done with all others, where the store refuses one.
 */
export async function tendFindings(deps: ScrubDeps): Promise<void> {
  const refusals: unknown[] = []
  await noteHealed(deps.db, deps.store)
  while ((await expireSome(deps, refusals)) === BATCH);
  await deleteEnded(deps.db, KEPT_DAYS)
  if (refusals.length > 0) throw refusals[0]
}

async function expireSome(deps: ScrubDeps, refusals: unknown[]): Promise<number> {
  const { expired, objects } = await transact(deps.db, async (tx) => {
    const gone: Finding[] = []
    for (const finding of await lockExpired(tx, deps.store, BATCH)) {
      // What is no object of a blob has no row to close behind it: its bytes go first.
      if (finding.objectId !== undefined || (await isDeleted(deps, finding, refusals))) gone.push(finding)
    }
    const doomed = await doomQuarantined(
      tx,
      gone.flatMap(({ objectId }) => objectId ?? []),
    )
    await noteExpired(
      tx,
      gone.map(({ id }) => id),
    )
    return { expired: gone.length, objects: doomed }
  })
  // What the store refuses stays marked, and collection tries it again.
  await deleteObjects({ ...deps, graceSeconds: 0 }, objects, WORKERS, () => undefined)

  return expired
}

async function isDeleted({ storage }: ScrubDeps, { key }: Finding, refusals: unknown[]): Promise<boolean> {
  try {
    await storage.delete(key)
    return true
  } catch (error) {
    refusals.push(error)
    return false
  }
}
