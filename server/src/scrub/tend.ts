import { doomQuarantined } from '../blobs/quarantine-store.ts'
import { deleteObjects } from '../gc/collect.ts'
import { transact } from '../platform/db/transact.ts'
import { deleteEnded, lockExpired, noteExpired, noteHealed } from './findings-store.ts'
import type { Finding } from './model.ts'
import type { ScrubDeps } from './settle-object.ts'

const BATCH = 500
const WORKERS = 4
/** So much may be refused before the store is taken to be ill, and the next run asks it again. */
const MOST_REFUSED = 10 * BATCH
/** What has ended is shown for so long. */
const KEPT_DAYS = 90

/**
 * What becomes of findings with time: an upload has healed them, nothing needs them any more, or their days in quarantine
 * are over and their bytes go. Rejects, once it is done with all others, where the store refuses one.
 */
export async function tendFindings(deps: ScrubDeps): Promise<void> {
  const refusals: Refusals = new Map()
  await noteHealed(deps.db, deps.store)
  while ((await expireSome(deps, refusals)) === BATCH && refusals.size < MOST_REFUSED);
  await deleteEnded(deps.db, KEPT_DAYS)
  const [first] = refusals.values()
  if (refusals.size > 0) throw first
}

/** Why the store has refused to delete the bytes of a finding, by its id. */
type Refusals = Map<number, unknown>

/** Answers how many it looked at: what was refused is passed over from then on, and keeps nothing behind it waiting. */
async function expireSome(deps: ScrubDeps, refusals: Refusals): Promise<number> {
  const { seen, objects } = await transact(deps.db, async (tx) => {
    const gone: Finding[] = []
    const due = await lockExpired(tx, deps.store, { but: [...refusals.keys()], limit: BATCH })
    for (const finding of due) {
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
    return { seen: due.length, objects: doomed }
  })
  // What the store refuses stays marked, and collection tries it again.
  await deleteObjects({ ...deps, graceSeconds: 0 }, objects, WORKERS, () => undefined)

  return seen
}

async function isDeleted({ storage }: ScrubDeps, { id, key }: Finding, refusals: Refusals): Promise<boolean> {
  try {
    await storage.delete(key)
    return true
  } catch (error) {
    refusals.set(id, error)
    return false
  }
}
