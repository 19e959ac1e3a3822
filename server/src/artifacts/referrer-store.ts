import type { Database } from '../platform/db/database.ts'
import type { Referrer } from './model.ts'

/** Referrers of a digest within a repository, oldest first, those after the id `after`. */
export async function listReferrers(
  db: Database,
  repositoryId: number,
  subject: string,
  filter: { artifactType?: string; after: number; limit: number },
): Promise<Referrer[]> {
  const rows = await db
    .selectFrom('artifacts')
    .select(['id', 'repository_id', 'digest', 'media_type', 'manifest_size', 'artifact_type', 'annotations'])
    .where('repository_id', '=', repositoryId)
    .where('subject_digest', '=', subject)
    .where('id', '>', filter.after)
    .$if(filter.artifactType !== undefined, (query) =>
      query.where('artifact_type', '=', filter.artifactType ?? ''),
    )
    .orderBy('id')
    .limit(filter.limit)
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
