import type { Logger } from 'pino'
import { type CollectDeps, deleteDoomed, deleteObjects, markIdle } from './collect.ts'
import { scanIdle } from './store.ts'

/** Blobs looked at in one round: next to nothing for the database, and some millions an hour. */
const SCANNED = 20_000
const BATCH = 500
const WORKERS = 4

/**
 * Collection without a schedule: each round looks at the next part of all blobs and goes round and round. Several processes
 * do it side by side without harm.
 */
export function createContinuousCollector(deps: CollectDeps & { log: Logger }): () => Promise<void> {
  let after = 0

  return async () => {
    const onFailure = (object: { digest: string }, error: unknown) =>
      deps.log.error({ err: error, digest: object.digest }, 'a collected blob could not be deleted')
    if (after === 0) await deleteDoomed(deps, WORKERS, onFailure)
    const { graceSeconds } = deps
    const { idle, last } = await scanIdle(deps.db, deps.store, { after, limit: SCANNED, graceSeconds })
    after = last ?? 0
    for (let from = 0; from < idle.length; from += BATCH) {
      const { objects, blobs, bytes } = await markIdle(deps, idle.slice(from, from + BATCH))
      await deleteObjects(deps, objects, WORKERS, onFailure)
      if (blobs > 0) deps.log.info({ blobs, bytes }, 'space reclaimed')
    }
  }
}
