import { unlinkSomeBlobs } from '../blobs/store.ts'
import type { Database } from '../platform/db/database.ts'
import { transact } from '../platform/db/transact.ts'
import { findDeletedRepositories, markSwept } from '../repositories/deletion-store.ts'
import { deleteSomeHistory } from './history/store.ts'
import { releaseArtifacts } from './release.ts'
import { deleteCounts, deleteUncounted, lockSomeArtifacts } from './sweep-store.ts'

/** Rows of one transaction: so many that it goes on quickly, so few that nobody notices. */
const BATCH = 500
/** Deleted repositories looked at in one round. */
const REPOSITORIES = 1000

export interface Sweeper {
  /** Removes what is left of deleted repositories. Answers when nothing is left that can go now. */
  sweep(): Promise<void>
  /** Does the same soon, for nobody to wait for. */
  kick(): void
  /** Ends after the batch at hand. */
  stop(): Promise<void>
}

/**
 * Takes away the rows of deleted repositories, in batches. What a crash leaves is found by the next round, here or
 * in another process; two at once do no harm.
 */
export function createSweeper(deps: { db: Database; onError(error: unknown): void }): Sweeper {
  const { db } = deps
  let stopped = false
  let running: Promise<void> | undefined
  let again = false

  async function round(): Promise<void> {
    for (const id of await findDeletedRepositories(db, REPOSITORIES)) {
      while (!stopped && (await sweepArtifacts(db, id)) > 0);
      while (!stopped && (await unlinkSomeBlobs(db, id, BATCH)) > 0);
      while (!stopped && (await deleteSomeHistory(db, id, BATCH)) > 0);
      if (stopped) return
      await deleteCounts(db, id)
      await markSwept(db, id)
    }
  }

  async function rounds(): Promise<void> {
    do {
      again = false
      await round()
    } while (again && !stopped)
  }

  function sweep(): Promise<void> {
    again = true
    running ??= rounds().finally(() => {
      running = undefined
    })
    return running
  }

  return {
    sweep,
    kick() {
      if (!stopped) sweep().catch(deps.onError)
    },
    async stop() {
      stopped = true
      await running?.catch(deps.onError)
    },
  }
}

/** Takes away a batch of artifacts, and gives back what the project references no more; answers how many. */
function sweepArtifacts(db: Database, repositoryId: number): Promise<number> {
  return transact(db, async (tx) => {
    const ids = await lockSomeArtifacts(tx, repositoryId, BATCH)
    if (ids.length > 0) await releaseArtifacts(tx, repositoryId, ids, () => deleteUncounted(tx, ids))
    return ids.length
  })
}
