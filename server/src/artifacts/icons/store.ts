import type { Database } from '../../platform/db/database.ts'

/** A repository with an artifact that has this layer for its icon. */
export async function findIconHolder(
  db: Database,
  digest: string,
): Promise<{ projectId: number; name: string } | undefined> {
  return await db
    .selectFrom('artifacts')
    .innerJoin('repositories', 'repositories.id', 'artifacts.repository_id')
    .select(['repositories.project_id as projectId', 'repositories.name'])
    .where('artifacts.icon', '=', digest)
    .where('repositories.deletion_time', 'is', null)
    .limit(1)
    .executeTakeFirst()
}
