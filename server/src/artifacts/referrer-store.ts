import type { Database } from '../platform/db/database.ts'
import type { Referrer } from './model.ts'

/**
 * Ids of the referrers of a digest within a repository, oldest first, those after the id `after`, with the
 * sizes of their manifests in bytes.
 */
export async function listReferrerSizes(
  db: Database,
  repositoryId: number,
  subject: string,
  filter: { artifactType?: string; after: number; limit: number },
): Promise<{ id: number; manifestSize: number }[]> {
  return await db
    .selectFrom('artifacts')
    .select(['id', 'manifest_size as manifestSize'])
    .where('repository_id', '=', repositoryId)
    .where('subject_digest', '=', subject)
    .where('id', '>', filter.after)
    .$if(filter.artifactType !== undefined, (query) =>
      query.where('artifact_type', '=', filter.artifactType ?? ''),
    )
    .orderBy('id')
    .limit(filter.limit)
    .execute()
}

/** The referrers of these ids, oldest first; those deleted meanwhile are left out. */
export async function findReferrers(db: Database, ids: readonly number[]): Promise<Referrer[]> {
  if (ids.length === 0) return []
  const rows = await db
    .selectFrom('artifacts')
    .select(['id', 'repository_id', 'digest', 'media_type', 'manifest_size', 'artifact_type', 'annotations'])
    .where('id', 'in', ids)
    .orderBy('id')
    .execute()

  return rows.map((row) => ({
    id: row.id,
    repositoryId: row.repository_id,
    digest: row.digest,
    mediaType: row.media_type,
    manifestSize: row.manifest_size,
    artifactType: row.artifact_type ?? undefined,
    annotations: row.annotations,
  }))
}

/** How many referrers a digest has, of any type. */
export async function countReferrers(db: Database, repositoryId: number, subject: string): Promise<number> {
  const row = await db
    .selectFrom('artifacts')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('repository_id', '=', repositoryId)
    .where('subject_digest', '=', subject)
    .executeTakeFirstOrThrow()

  return Number(row.count)
}
