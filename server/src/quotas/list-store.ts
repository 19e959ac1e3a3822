import { sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import type { Order, Page } from '../platform/db/list.ts'
import { UNLIMITED } from '../projects/model.ts'
import type { Quota } from './model.ts'

/** Fields that lists of quotas are sorted by. */
export type QuotaField = 'id' | 'hard.storage' | 'used.storage' | 'creation_time' | 'update_time'

const COLUMNS = {
  id: sql.ref('projects.id'),
  // No limit is more than any.
  'hard.storage': sql`coalesce(projects.storage_limit, 9223372036854775807)`,
  'used.storage': sql`coalesce(u.used, 0)`,
  creation_time: sql.ref('projects.creation_time'),
  update_time: sql.ref('projects.update_time'),
}

/** One page of the quotas, or the one of a project, by id unless `orders` say otherwise. */
export async function selectQuotas(
  db: Database,
  projectId: number | undefined,
  orders: readonly Order<QuotaField>[],
  page: Page,
): Promise<Quota[]> {
  let query = live(db, projectId)
    .leftJoin(
      (eb) =>
        eb
          .selectFrom('quota_usage')
          .select(['project_id', sql<number>`sum(bytes)::bigint`.as('used')])
          .$if(projectId !== undefined, (sums) => sums.where('project_id', '=', projectId ?? 0))
          .groupBy('project_id')
          .as('u'),
      (join) => join.onRef('u.project_id', '=', 'projects.id'),
    )
    .select([
      'projects.id',
      'projects.name',
      'projects.storage_limit',
      'projects.creation_time',
      'projects.update_time',
      'u.used',
    ])
  for (const { field, descending } of orders)
    query = query.orderBy(COLUMNS[field], descending ? 'desc' : 'asc')
  const rows = await query.orderBy('projects.id').limit(page.limit).offset(page.offset).execute()

  return rows.map((row) => ({
    id: row.id,
    projectName: row.name,
    limit: row.storage_limit ?? UNLIMITED,
    used: row.used ?? 0,
    creationTime: row.creation_time,
    updateTime: row.update_time,
  }))
}

/** How many quotas there are. */
export async function countQuotas(db: Database, projectId: number | undefined): Promise<number> {
  const { count } = await live(db, projectId)
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()

  return Number(count)
}

function live(db: Database, projectId: number | undefined) {
  return db
    .selectFrom('projects')
    .where('projects.deletion_time', 'is', null)
    .$if(projectId !== undefined, (query) => query.where('projects.id', '=', projectId ?? 0))
}
