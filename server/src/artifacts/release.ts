import { findOffered } from '../blobs/store.ts'
import type { Database } from '../platform/db/database.ts'
import { transact } from '../platform/db/transact.ts'
import { giveBack, type QuotaPolicy } from '../quotas/count.ts'
import { lockMoves } from '../quotas/usage-store.ts'
import { holdReleaseCursor, moveReleaseCursor } from '../repositories/deletion-store.ts'
import { countAgain } from './count-again.ts'
import {
  findBlobsOfRepository,
  findNextArtifacts,
  findReferenced,
  findUnreferenced,
  holdForRelease,
  listCountedOf,
} from './reference-store.ts'

/**
 * What a project gets back when artifacts go. Locks are taken in the order of a push: tags, artifacts, what counts in the
 * project, and a slot of the quota last and without waiting.
 */

/**
 * With more artifacts a repository's deletion would take seconds; it is then given back in the background. So is it counted
 * again where such a repository is restored.
 */
export const MAX_COUNTED_AT_ONCE = 1_000

/**
 * Gives back what the project references no more once `remove` has deleted these (locked) artifacts of a repository,
 * within the transaction.
 */
export async function releaseArtifacts(
  tx: Database,
  repositoryId: number,
  artifactIds: readonly number[],
  remove: () => Promise<void>,
): Promise<void> {
  const held = await holdForRelease(tx, repositoryId, artifactIds)
  await remove()
  if (!held) return

  await giveBack(tx, held.projectId, held.blobIds, async (locked) =>
    without(locked, await findReferenced(tx, held.projectId, locked)),
  )
}

/**
 * Gives back what only a repository references in its project, within the transaction that marks it as deleted, with
 * its row locked; answers whether it did. It does not for large ones: those are given back in the background, by
 * `releaseMore` while they are in the trash, or by `releaseArtifacts` as their artifacts are deleted.
 */
export async function releaseRepository(tx: Database, repositoryId: number): Promise<boolean> {
  const blobIds = await findBlobsOfRepository(tx, repositoryId, MAX_COUNTED_AT_ONCE)
  const held = await holdForRelease(tx, repositoryId, [])
  if (!blobIds || !held) return false

  await giveBack(tx, held.projectId, blobIds, async (locked) =>
    without(locked, await findReferenced(tx, held.projectId, locked, repositoryId)),
  )
  return true
}

/**
 * Goes on giving back what a deleted repository alone used, whose artifacts stay where they are; answers false where there is
 * no more of it, or somebody else is at it.
 */
export function releaseMore(db: Database, repositoryId: number, limit: number): Promise<boolean> {
  return transact(db, async (tx) => {
    const cursor = await holdReleaseCursor(tx, repositoryId)
    if (cursor === undefined) return false
    const artifacts = await findNextArtifacts(tx, repositoryId, cursor, limit)
    const ids = artifacts.map((artifact) => artifact.id)
    await releaseArtifacts(tx, repositoryId, ids, async () => undefined)
    const last = artifacts.length < limit ? null : (artifacts.at(-1)?.digest ?? null)
    await moveReleaseCursor(tx, repositoryId, last)
    return last !== null
  })
}

/**
 * Counts a repository's blobs in another project and gives them back to its own, within the transaction that moves it,
 * with its row locked FOR UPDATE and not moved yet. Blobs that the other repositories of its project reference, or
 * offer and nobody references, stay counted there.
 *
 * @throws {QuotaExceededError} the other project may not hold so much.
 */
export async function moveUsage(
  tx: Database,
  quotas: QuotaPolicy,
  repositoryId: number,
  projects: { from: number; to: number },
): Promise<void> {
  // Two moves in opposite directions would each hold what the other wants.
  await lockMoves(tx)
  const blobs = await listCountedOf(tx, repositoryId, projects.from)
  await countAgain(tx, quotas, projects.to, blobs)
  await giveBack(
    tx,
    projects.from,
    blobs.map((blob) => blob.id),
    async (locked) => {
      const referenced = await findReferenced(tx, projects.from, locked, repositoryId)
      return without(locked, [...referenced, ...(await findOffered(tx, projects.from, locked, repositoryId))])
    },
  )
}

const BATCH = 1_000
const LOOK_BACK_DAYS = 30
/** A round looks back over the one before it: a row bears the time when its transaction began, not when it was seen. */
const OVERLAP_MILLISECONDS = 600_000

/**
 * Gives back blobs that came to a project more than `seconds` ago and that no manifest has referenced. A later manifest
 * that does counts them again. Answers a function that does one round; each looks at what came of age since the
 * round before, the first one a month back.
 */
export function createPendingRelease(db: Database, seconds: number): () => Promise<number> {
  const age = seconds * 1000
  let from = new Date(Date.now() - age - LOOK_BACK_DAYS * 86_400_000)

  return async () => {
    const to = new Date(Date.now() - age)
    let released = 0
    for (let found = BATCH; found === BATCH; ) {
      const rows = await findUnreferenced(db, { from, to }, BATCH)
      found = rows.length
      for (const [projectId, blobIds] of groupByProject(rows)) {
        await db.transaction().execute((tx) =>
          giveBack(tx, projectId, blobIds, async (locked) => {
            const unused = without(locked, await findReferenced(tx, projectId, locked))
            released += unused.length
            return unused
          }),
        )
      }
    }
    from = new Date(to.getTime() - OVERLAP_MILLISECONDS)
    return released
  }
}

function groupByProject(rows: readonly { projectId: number; blobId: number }[]): Map<number, number[]> {
  const groups = new Map<number, number[]>()
  for (const { projectId, blobId } of rows) groups.set(projectId, [...(groups.get(projectId) ?? []), blobId])

  return groups
}

function without(ids: readonly number[], taken: readonly number[]): number[] {
  const set = new Set(taken)
  return ids.filter((id) => !set.has(id))
}
