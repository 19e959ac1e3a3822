import { sql } from 'kysely'
import {
  CONTEXT_COLUMNS,
  CONTEXT_OF_KEY,
  type ContextRow,
  type NamedContext,
  toContext,
} from '../members/context-store.ts'
import type { Database } from '../platform/db/database.ts'
import type { Artifact } from './model.ts'
import { type ArtifactRow, artifactOfKey, toArtifact } from './store.ts'

/** What a pull names, and who asks: a tag or digest in a repository of a project, all by their names. */
export interface PulledKey {
  project: string
  userId: number | undefined
  repository: string
  tag?: string
  digest?: string
}

/** The artifact, and all there is to decide about whether it may be handed out. */
export interface Pulled {
  project: NamedContext
  artifact: Artifact
}

/** What the keys name, in their order; undefined where the project, the repository or the artifact is not there under these names. */
export async function findPulled(db: Database, keys: readonly PulledKey[]): Promise<(Pulled | undefined)[]> {
  const projects = keys.map((key) => key.project)
  const users = keys.map((key) => key.userId ?? null)
  const repositories = keys.map((key) => key.repository)
  const tags = keys.map((key) => key.tag ?? null)
  const digests = keys.map((key) => key.digest ?? null)
  const result = await sql<ContextRow & Omit<ArtifactRow, 'id'> & { ordinal: number; artifact_id: number }>`
    SELECT k.ordinal, ${CONTEXT_COLUMNS},
      a.id AS artifact_id, a.repository_id, a.digest, a.media_type, a.manifest_size
    FROM unnest(${projects}::text[], ${users}::bigint[], ${repositories}::text[], ${tags}::text[], ${digests}::text[])
      WITH ORDINALITY AS k(name, user_id, repository, tag, digest, ordinal)
    ${CONTEXT_OF_KEY}
    ${artifactOfKey('p.id')}`.execute(db)
  const found = new Map(
    result.rows.map((row) => [
      row.ordinal,
      { project: toContext(row), artifact: toArtifact({ ...row, id: row.artifact_id }) },
    ]),
  )

  return keys.map((_, index) => found.get(index + 1))
}
