import { unlinkSomeBlobs } from '../blobs/store.ts'
import type { Database } from '../platform/db/database.ts'
import { transact } from '../platform/db/transact.ts'
import { beginRemoval, findDeletedRepositories, markSwept } from '../repositories/deletion-store.ts'
import { abandonRestoration, findAbandoned } from '../repositories/trash-store.ts'
import { deleteSomeHistory } from './history/store.ts'
import { findBlobsOfArtifacts } from './reference-store.ts'
import { releaseArtifacts, releaseMore } from './release.ts'
import { deleteCounts, deleteUncounted, lockSomeArtifacts } from './sweep-store.ts'
import { deleteSomeTrash } from './trash/store.ts'
import { deleteSomeTrashedTags } from './trash/tags/store.ts'

/** Rows of one transaction: so many that it goes on quickly, so few that nobody notices. */
const BATCH = 500
/** Deleted repositories looked for at once. */
const REPOSITORIES = 1000

export interface SweepDeps {
  db: Database
  /**
   * Takes the bytes of blobs out of the store now and for good, those that nothing references. Answers false where the store
   * refused: then they go later. From `gc`.
   */
  reclaim(blobIds: readonly number[]): Promise<boolean>
}

export interface Sweeper {
  /** Removes what is left of deleted repositories. Answers when nothing is left that can go now. */
  sweep(): Promise<void>
  /** Does the same soon, for nobody to wait for. */
  kick(): void
  /** Ends after the batch at hand. */
  stop(): Promise<void>
}

/**
 * Takes away the rows of deleted repositories that nobody can restore (any more), in batches; of large ones that can be
 * restored, gives back what they used. What a crash leaves is found by the next round, here or in another process; two
 * at once do no harm.
 */
export function createSweeper(deps: SweepDeps & { onError(error: unknown): void; limit?: number }): Sweeper {
  const { db, limit = REPOSITORIES } = deps
  let stopped = false
  let running: Promise<void> | undefined
  let again = false

  async function round(): Promise<void> {
    for (const { id, executionId } of await findAbandoned(db, REPOSITORIES)) {
      await abandonRestoration(db, id, executionId)
    }
    for (let after: number | undefined = 0; after !== undefined; ) {
      const ids: number[] = await findDeletedRepositories(db, { after, limit })
      for (const id of ids) {
        while (!stopped && (await releaseMore(db, id, BATCH)));
        if (stopped) return
        await removeRepository(deps, id, () => stopped)
      }
      after = ids.length === limit ? ids.at(-1) : undefined
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

/**
 * Takes away what is left of a deleted repository, unless it is to be kept in the trash. Of one that is purged the bytes go
 * too, as far as nothing else references them; answers false where the store has refused some.
 */
export async function removeRepository(
  deps: SweepDeps,
  id: number,
  isStopped: () => boolean = () => false,
): Promise<boolean> {
  const { db } = deps
  const removal = await beginRemoval(db, id)
  if (!removal) return true
  let allGone = true
  const reclaim = async (blobIds: readonly number[]) => {
    if (removal.purging && !(await deps.reclaim(blobIds))) allGone = false
  }
  const steps = [
    () => sweepArtifacts(db, id, reclaim),
    async () => {
      const { count, blobIds } = await deleteSomeTrash(db, id, BATCH)
      await reclaim(blobIds)
      return count
    },
    () => deleteSomeTrashedTags(db, id, BATCH),
    () => unlinkSomeBlobs(db, id, BATCH),
    () => deleteSomeHistory(db, id, BATCH),
  ]
  for (const step of steps) while (!isStopped() && (await step()) > 0);
  if (isStopped()) return allGone
  await deleteCounts(db, id)
  await markSwept(db, id)
  return allGone
}

/** Takes away a batch of artifacts, and gives back what the project references no more; answers how many. */
async function sweepArtifacts(
  db: Database,
  repositoryId: number,
  reclaim: (blobIds: readonly number[]) => Promise<void>,
): Promise<number> {
  const { count, blobIds } = await transact(db, async (tx) => {
    const ids = await lockSomeArtifacts(tx, repositoryId, BATCH)
    const found = await findBlobsOfArtifacts(tx, ids)
    if (ids.length > 0) await releaseArtifacts(tx, repositoryId, ids, () => deleteUncounted(tx, ids))
    return { count: ids.length, blobIds: found }
  })
  await reclaim(blobIds)
  return count
}
