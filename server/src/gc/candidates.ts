import { findFamily } from '../artifacts/deletion.ts'
import { openTaskList } from '../jobs/task-list.ts'
import type { Database } from '../platform/db/database.ts'
import type { StorageDriver } from '../storage/driver.ts'
import { countFromArtifacts, countReferences, type UntaggedArtifact } from './store.ts'

/** What a dry run finds, listed in full. */
export interface Candidates {
  addArtifact(artifact: UntaggedArtifact, name: string): Promise<void>
  addBlobs(blobs: readonly { digest: string; size: number }[]): Promise<void>
  /** Those of the blobs that a run would find idle since it has deleted the artifacts before. */
  freed(blobIds: readonly number[]): Promise<number[]>
  close(total: { artifacts: number; blobs: number; bytes: number }): Promise<void>
}

/**
 * Opens the list of a dry run. Where nothing goes into the trash, a run takes the blobs of the artifacts that it deletes as well:
 * then these artifacts are remembered with all that goes with them, and how often they reference each blob. That is a number
 * for each, and exact: an artifact that others hold keeps its blobs.
 */
export function openCandidates(
  { db, storage, graceSeconds, trashDays }: CandidatesDeps,
  task: { id: number; run: number },
): Candidates {
  const list = openTaskList(storage, task)
  const gone = new Set<number>()
  const references = new Map<number, number>()

  async function remember({ repositoryId, id, digest }: UntaggedArtifact): Promise<void> {
    const family = [...(await findFamily(db, repositoryId, { id, digest }, gone)).keys()]
    for (const member of family) gone.add(member)
    for (const { id: blobId, count } of await countFromArtifacts(db, family)) {
      references.set(blobId, (references.get(blobId) ?? 0) + count)
    }
  }

  return {
    async addArtifact(artifact, name) {
      if (trashDays === 0) await remember(artifact)
      await list.add([{ artifact: name }])
    },
    addBlobs: (blobs) => list.add(blobs.map(({ digest, size }) => ({ blob: digest, size }))),
    async freed(blobIds) {
      const asked = blobIds.filter((id) => references.has(id))
      if (asked.length === 0) return []
      const counts = await countReferences(db, asked, graceSeconds)
      return counts.filter(({ id, count }) => count === references.get(id)).map(({ id }) => id)
    },
    async close(total) {
      await list.add([{ total }])
      await list.close()
    },
  }
}

interface CandidatesDeps {
  db: Database
  storage: StorageDriver
  graceSeconds: number
  /** How long deleted artifacts keep their blobs. */
  trashDays: number
}
