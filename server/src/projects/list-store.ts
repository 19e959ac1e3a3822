import { type Expression, type ExpressionBuilder, sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import { condition, type Filter, type Order, type Page } from '../platform/db/list.ts'
import type { Tables } from '../platform/db/tables.ts'
import type { ListedProject } from './model.ts'
import { PROJECT_COLUMNS, toProject } from './store.ts'
import type { Viewer } from './viewer.ts'
import { visibleTo } from './visible-store.ts'

/** Fields that lists of projects are filtered and sorted by. */
export type ProjectField =
  | 'name'
  | 'project_id'
  | 'owner_id'
  | 'owner'
  | 'public'
  | 'creation_time'
  | 'update_time'

const COLUMNS = {
  name: sql.ref('projects.name'),
  project_id: sql.ref('projects.id'),
  owner_id: sql.ref('projects.owner_id'),
  owner: sql.ref('users.username'),
  public: sql.ref('projects.public'),
  creation_time: sql.ref('projects.creation_time'),
  update_time: sql.ref('projects.update_time'),
} as const satisfies Record<ProjectField, Expression<unknown>>

/** One page of the projects that the viewer may see, by name unless `orders` say otherwise. */
export async function selectProjects(
  db: Database,
  viewer: Viewer,
  filters: readonly Filter<ProjectField>[],
  orders: readonly Order<ProjectField>[],
  page: Page,
): Promise<ListedProject[]> {
  let query = visible(db, viewer, filters)
    .select(PROJECT_COLUMNS)
    .select(['users.username as owner_name', (eb) => roleIds(eb, viewer.userId).as('role_ids')])
  const sorted = orders.length > 0 ? orders : [{ field: 'name', descending: false } as const]
  for (const { field, descending } of sorted)
    query = query.orderBy(COLUMNS[field], descending ? 'desc' : 'asc')
  // Ids are given out in the order of creation.
  const rows = await query.orderBy('projects.id', 'desc').limit(page.limit).offset(page.offset).execute()

  return rows.map((row) => ({
    ...toProject(row),
    ownerName: row.owner_name ?? '',
    roleIds: row.role_ids ?? [],
  }))
}

/** How many projects the viewer may see. */
export async function countProjects(
  db: Database,
  viewer: Viewer,
  filters: readonly Filter<ProjectField>[],
): Promise<number> {
  const { count } = await visible(db, viewer, filters)
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** Name of the owner and role ids of the user in one project. */
export async function selectRelations(
  db: Database,
  projectId: number,
  userId: number | undefined,
): Promise<{ ownerName: string; roleIds: number[] }> {
  const row = await db
    .selectFrom('projects')
    .innerJoin('users', 'users.id', 'projects.owner_id')
    .select(['users.username', (eb) => roleIds(eb, userId).as('role_ids')])
    .where('projects.id', '=', projectId)
    .executeTakeFirstOrThrow()
  return { ownerName: row.username, roleIds: row.role_ids ?? [] }
}

/** How many live users and groups hold each role in the project, by role id. */
export async function countRoles(db: Database, projectId: number): Promise<Map<number, number>> {
  const rows = await db
    .selectFrom('members')
    .leftJoin('users', (join) =>
      join.on('members.entity_type', '=', 'u').onRef('users.id', '=', 'members.entity_id'),
    )
    .leftJoin('user_groups', (join) =>
      join.on('members.entity_type', '=', 'g').onRef('user_groups.id', '=', 'members.entity_id'),
    )
    .select((eb) => ['role_id', eb.fn.countAll<number>().as('count')])
    .where('project_id', '=', projectId)
    .where('users.deletion_time', 'is', null)
    .where((eb) => eb.or([eb('users.id', 'is not', null), eb('user_groups.id', 'is not', null)]))
    .groupBy('role_id')
    .execute()
  return new Map(rows.map((row) => [row.role_id, Number(row.count)]))
}

function visible(db: Database, viewer: Viewer, filters: readonly Filter<ProjectField>[]) {
  let query = db
    .selectFrom('projects')
    // Outer, so that the planner drops it from a count that asks nothing of the owner.
    .leftJoin('users', 'users.id', 'projects.owner_id')
    .where('projects.deletion_time', 'is', null)
  if (!viewer.all) query = query.where(visibleTo(viewer))
  for (const filter of filters) query = query.where(condition(COLUMNS[filter.field], filter))
  return query
}

/** The roles that the user has in the project, himself or by his groups. */
function roleIds(eb: ExpressionBuilder<Tables, 'projects'>, userId: number | undefined) {
  const own = eb
    .selectFrom('members')
    .select('members.role_id')
    .whereRef('members.project_id', '=', 'projects.id')
    .where('members.entity_type', '=', 'u')
    .where('members.entity_id', '=', userId ?? -1)
  const byGroups = eb
    .selectFrom('user_group_members')
    .innerJoin('members', 'members.entity_id', 'user_group_members.group_id')
    .select('members.role_id')
    .whereRef('members.project_id', '=', 'projects.id')
    .where('members.entity_type', '=', 'g')
    .where('user_group_members.user_id', '=', userId ?? -1)
  return eb
    .selectFrom(own.unionAll(byGroups).as('held'))
    .select(sql<number[] | null>`array_agg(DISTINCT held.role_id ORDER BY held.role_id)`.as('role_ids'))
}
