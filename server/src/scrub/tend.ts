import { doomQuarantined } from '../blobs/quarantine-store.ts'
import { deleteObjects } from '../gc/collect.ts'
import { transact } from '../platform/db/transact.ts'
import { deleteEnded, lockExpired, noteExpired, noteHealed } from './findings-store.ts'
import type { ScrubDeps } from './settle-object.ts'

const BATCH = 500
const WORKERS = 4
/** What has ended is shown for so long. */
const KEPT_DAYS = 90

/**
 * What becomes of findings with time: an upload has healed them, nothing needs them any more, or their days in quarantine
 * are over and their bytes go.
 */
export async function tendFindings(deps: ScrubDeps): Promise<void> {
  await noteHealed(deps.db, deps.store)
  while ((await expireSome(deps)) === BATCH);
  await deleteEnded(deps.db, KEPT_DAYS)
}

async function expireSome(deps: ScrubDeps): Promise<number> {
  const { expired, objects } = await transact(deps.db, async (tx) => {
    const found = await lockExpired(tx, deps.store, BATCH)
    // What is no object of a blob has no row to close behind it: its bytes go first.
    for (const { key, objectId } of found) if (objectId === undefined) await deps.storage.delete(key)
    const doomed = await doomQuarantined(
      tx,
      found.flatMap(({ objectId }) => objectId ?? []),
    )
    await noteExpired(
      tx,
      found.map(({ id }) => id),
    )
    return { expired: found.length, objects: doomed }
  })
  // What the store refuses stays marked, and collection tries it again.
  await deleteObjects({ ...deps, graceSeconds: 0 }, objects, WORKERS, () => undefined)

  return expired
}
