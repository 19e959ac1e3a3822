import { sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import type { CountedBlob } from '../quotas/model.ts'
import type { AdmittedRepository } from '../repositories/model.ts'
import { type HeldArtifact, namesToLock } from './listed-store.ts'

/** What a push locks, and what it is about to add. */
export interface PushLocks {
  repository: AdmittedRepository
  store: string
  blobs: string[]
  own: { digest: string; size: number }
  tags: string[]
  /** Those that are written, and those that the pushed one refers to, by digest. */
  artifacts: string[]
}

export interface Locked {
  /** Id of the manifest's own blob. */
  own: number
  /** Those of the blobs that the repository offers. */
  blobs: (CountedBlob & { digest: string })[]
  /** Artifacts that the tags name now. */
  named: number[]
  /** Those that the tags name, and those of the digests that are artifacts of the repository. */
  artifacts: HeldArtifact[]
}

/** `lock_push` of the migrations; undefined where the repository is gone from where the caller was let in. */
export async function lockPush(tx: Database, push: PushLocks): Promise<Locked | undefined> {
  const { repository, own } = push
  const result = await sql<{
    own: number | null
    blobs: Locked['blobs'] | null
    named: number[]
    artifacts: HeldArtifact[] | null
  }>`
    SELECT own, blobs, to_jsonb(named) AS named, artifacts FROM lock_push(
      ${repository.id}, ${repository.projectId}, ${repository.name}, ${push.store}, ${push.blobs}::text[],
      ${own.digest}, ${own.size}, ${namesToLock(push.tags)}::text[], ${push.artifacts}::text[])`.execute(tx)
  const [row] = result.rows
  if (row === undefined || row.own === null) return undefined

  return { ...row, own: row.own, blobs: row.blobs ?? [], artifacts: row.artifacts ?? [] }
}

/** Notes what a new artifact references, and points tags at it; answers those that were there already. */
export async function referArtifact(
  tx: Database,
  repositoryId: number,
  artifactId: number,
  { blobIds, tags }: { blobIds: number[]; tags: string[] },
): Promise<string[]> {
  if (blobIds.length === 0 && tags.length === 0) return []
  const result = await sql<{ moved: string[] }>`
    SELECT refer_artifact(${repositoryId}, ${artifactId}, ${blobIds}::bigint[], ${namesToLock(tags)}::text[]) AS moved`.execute(
    tx,
  )

  return result.rows[0]?.moved ?? []
}
