import { type Expression, sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import { condition, type Filter, type Order } from '../platform/db/list.ts'
import { direction, inOrder, type Window } from '../platform/db/window.ts'
import type { Viewer } from '../projects/viewer.ts'
import { visibleTo } from '../projects/visible-store.ts'
import type { ListedRepository } from './model.ts'

/** Fields that lists of repositories are filtered and sorted by; names are full ones. */
export type RepositoryField =
  | 'repository_id'
  | 'id'
  | 'name'
  | 'project_id'
  | 'description'
  | 'pull_count'
  | 'creation_time'
  | 'update_time'

const COLUMNS = {
  repository_id: sql.ref('repositories.id'),
  id: sql.ref('repositories.id'),
  name: sql`(projects.name || '/' || repositories.name)`,
  project_id: sql.ref('repositories.project_id'),
  description: sql.ref('repositories.description'),
  pull_count: sql.ref('repositories.pull_count'),
  creation_time: sql.ref('repositories.creation_time'),
  update_time: sql.ref('repositories.activity_time'),
} as const satisfies Record<RepositoryField, Expression<unknown>>

/** Whose repositories a list shows: those of one project, or of all that somebody may see. */
export type RepositoryScope = { projectId: number } | { viewer: Viewer }

/** What leaves a repository in the list. */
export interface RepositorySelection {
  scope: RepositoryScope
  filters: readonly Filter<RepositoryField>[]
  /** Set: one of these. */
  ids?: readonly number[] | undefined
}

/** The repositories of a window, newest first unless `orders` say otherwise. */
export async function selectRepositories(
  db: Database,
  selection: RepositorySelection,
  orders: readonly Order<RepositoryField>[],
  window: Window,
): Promise<ListedRepository[]> {
  if (window.limit === 0) return []
  let query = withColumns(selected(db, selection))
  for (const order of orders) query = query.orderBy(COLUMNS[order.field], direction(window, order))
  // Ids are given out in the order of creation.
  const rows = await query
    .orderBy('repositories.id', direction(window, { descending: orders.at(-1)?.descending ?? true }))
    .limit(window.limit)
    .offset(window.offset)
    .execute()

  return inOrder(window, rows.map(toListed))
}

/** How many repositories the list has. */
export async function countSelected(db: Database, selection: RepositorySelection): Promise<number> {
  const { count } = await selected(db, selection)
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** The published repository of that id. */
export async function findListedRepository(db: Database, id: number): Promise<ListedRepository | undefined> {
  const row = await withColumns(listed(db)).where('repositories.id', '=', id).executeTakeFirst()
  return row && toListed(row)
}

function selected(db: Database, { scope, filters, ids }: RepositorySelection) {
  let query = listed(db)
  if ('projectId' in scope) query = query.where('projects.id', '=', scope.projectId)
  else if (!scope.viewer.all) query = query.where(inVisibleProject(scope.viewer))
  if (ids) query = query.where(sql<boolean>`repositories.id = ANY(${[...ids]}::bigint[])`)
  for (const filter of filters) query = query.where(condition(COLUMNS[filter.field], filter))
  return query
}

/**
 * IS TRUE keeps it from becoming a join: the projects are read once then and each repository asks a hash of them. For
 * the first page of many repositories the planner would rather go through all the projects for each.
 */
function inVisibleProject(viewer: Viewer) {
  return sql<boolean>`(repositories.project_id IN (SELECT projects.id FROM projects WHERE ${visibleTo(viewer)})) IS TRUE`
}

function listed(db: Database) {
  return db
    .selectFrom('repositories')
    .innerJoin('projects', 'projects.id', 'repositories.project_id')
    .where('projects.deletion_time', 'is', null)
    .where('repositories.deletion_time', 'is', null)
    .where('repositories.publish_time', 'is not', null)
}

function withColumns(query: ReturnType<typeof listed>) {
  return query.select([
    'repositories.id',
    'repositories.project_id',
    'projects.name as project_name',
    'repositories.name',
    'repositories.description',
    'repositories.pull_count',
    'repositories.creation_time',
    'repositories.activity_time',
  ])
}

type Row = Awaited<ReturnType<ReturnType<typeof withColumns>['execute']>>[number]

function toListed(row: Row): ListedRepository {
  return {
    id: row.id,
    projectId: row.project_id,
    projectName: row.project_name,
    name: row.name,
    description: row.description,
    pullCount: row.pull_count,
    creationTime: row.creation_time,
    updateTime: row.activity_time,
  }
}
