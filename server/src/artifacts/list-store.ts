import { type Expression, type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import { condition, type Filter, type Order } from '../platform/db/list.ts'
import { direction, inOrder, type Window } from '../platform/db/window.ts'
import { standsAlone } from './listed-store.ts'
import type { ListedArtifact } from './model.ts'

/** Columns that lists of artifacts are filtered and sorted by. */
export type ArtifactField =
  | 'id'
  | 'type'
  | 'media_type'
  | 'digest'
  | 'manifest_media_type'
  | 'artifact_type'
  | 'size'
  | 'push_time'
  | 'pull_time'
  | 'repository_id'

const COLUMNS = {
  id: sql.ref('artifacts.id'),
  type: sql.ref('artifacts.type'),
  media_type: sql.ref('artifacts.config_media_type'),
  digest: sql.ref('artifacts.digest'),
  manifest_media_type: sql.ref('artifacts.media_type'),
  artifact_type: sql.ref('artifacts.artifact_type'),
  size: sql.ref('artifacts.size'),
  push_time: sql.ref('artifacts.push_time'),
  pull_time: sql.ref('artifacts.pull_time'),
  repository_id: sql.ref('artifacts.repository_id'),
} as const satisfies Record<ArtifactField, Expression<unknown>>

/** A condition on the tags of an artifact. */
export type TagFilter = { op: 'some' | 'none' } | Filter<'tags'>

/** Which artifacts a list shows. */
export interface ArtifactSelection {
  /** Of these repositories. */
  repositoryIds: readonly number[]
  filters: readonly Filter<ArtifactField>[]
  tags: readonly TagFilter[]
  /** Ids of labels, every one of which an artifact must have. */
  labels: readonly number[]
  /** Only the newest of each repository that the filters leave. */
  latest: boolean
  /** With those that only an index brought along; never with accessories. */
  children: boolean
}

/** Whether nothing but the repository decides: then the count is known. */
export function isWhole({ filters, tags, labels, latest, children }: ArtifactSelection): boolean {
  return filters.length + tags.length + labels.length === 0 && !latest && !children
}

/** So many repositories are read beside each other, in their order; of more, all rows are read and sorted. */
const MOST_MERGED = 64

/** Ids of a window of the list. They alone are read from an index, however far down the window is. */
export async function selectArtifactIds(
  db: Database,
  selection: ArtifactSelection,
  orders: readonly Order<ArtifactField>[],
  window: Window,
): Promise<number[]> {
  if (window.limit === 0) return []
  const fields = orders.map((order) => ({ ...order, column: COLUMNS[order.field] }))
  const all = [...fields, { column: COLUMNS.id, descending: orders.at(-1)?.descending ?? true }]
  const keys = all.map(({ column }, at) => ({ column, name: sql.ref(`key_${at}`) }))
  const ways = all.map((order) => sql.raw(direction(window, order)))
  const keyed = sql.join(keys.map(({ column, name }) => sql`${column} AS ${name}`))
  const ordering = sql.join(ways.map((way, at) => sql`${keys[at]?.name} ${way}`))
  // Each branch gives as many as there could be of it before the window ends.
  const most = window.offset + window.limit
  const rows = branches(selection).map(
    (branch) =>
      sql`(SELECT ${keyed} FROM artifacts WHERE ${where(branch)} ORDER BY ${ordering} LIMIT ${most})`,
  )
  const result = await sql<{ id: number }>`
    SELECT ${keys.at(-1)?.name} AS id FROM (${sql.join(rows, sql` UNION ALL `)}) AS merged
    ORDER BY ${ordering} LIMIT ${window.limit} OFFSET ${window.offset}`.execute(db)

  return inOrder(
    window,
    result.rows.map((row) => row.id),
  )
}

/** The selection repository by repository: an index has each in order, and the database merges them up to the window. */
function branches(selection: ArtifactSelection): ArtifactSelection[] {
  const { repositoryIds, latest } = selection
  if (latest || repositoryIds.length > MOST_MERGED) return [selection]
  return repositoryIds.map((id) => ({ ...selection, repositoryIds: [id] }))
}

/** How many artifacts the list has. */
export async function countSelected(db: Database, selection: ArtifactSelection): Promise<number> {
  const result = await sql<{ count: number }>`
    SELECT count(*) AS count FROM artifacts WHERE ${where(selection)}`.execute(db)

  return Number(result.rows[0]?.count)
}

/** The artifacts of these ids, in the order of the ids; those deleted meanwhile are left out. */
export async function findArtifacts(db: Database, ids: readonly number[]): Promise<ListedArtifact[]> {
  if (ids.length === 0) return []
  const rows = await db
    .selectFrom('artifacts')
    .innerJoin('repositories', 'repositories.id', 'artifacts.repository_id')
    .innerJoin('projects', 'projects.id', 'repositories.project_id')
    .select([
      'artifacts.id',
      'artifacts.repository_id',
      'artifacts.digest',
      'artifacts.media_type',
      'artifacts.artifact_type',
      'artifacts.size',
      'artifacts.annotations',
      'artifacts.type',
      'artifacts.config_media_type',
      'artifacts.extra_attrs',
      'artifacts.icon',
      'artifacts.push_time',
      'artifacts.pull_time',
      'repositories.project_id',
      'repositories.name as repository',
      'projects.name as project',
    ])
    .where(sql<boolean>`artifacts.id = ANY(${[...ids]}::bigint[])`)
    .execute()
  const found = new Map(rows.map((row) => [row.id, row]))

  return ids.flatMap((id) => {
    const row = found.get(id)
    if (!row) return []
    return [
      {
        id: row.id,
        repositoryId: row.repository_id,
        projectId: row.project_id,
        projectName: row.project,
        repositoryName: row.repository,
        digest: row.digest,
        type: row.type ?? undefined,
        icon: row.icon ?? undefined,
        attributes: row.extra_attrs ?? {},
        mediaType: row.config_media_type ?? row.artifact_type ?? row.media_type,
        manifestMediaType: row.media_type,
        artifactType: row.artifact_type ?? undefined,
        size: row.size,
        annotations: row.annotations,
        pushTime: row.push_time,
        pullTime: row.pull_time ?? undefined,
      },
    ]
  })
}

function where(selection: ArtifactSelection): RawBuilder<SqlBool> {
  const { repositoryIds, filters, tags, labels, children } = selection
  const within = (column: RawBuilder<unknown>) =>
    repositoryIds.length === 1
      ? sql<SqlBool>`${column} = ${repositoryIds[0]}`
      : sql<SqlBool>`${column} = ANY(${[...repositoryIds]}::bigint[])`
  const conditions = [
    within(sql`artifacts.repository_id`),
    children ? standsAlone('artifacts') : sql<SqlBool>`artifacts.listed`,
    ...filters.map((filter) => condition(COLUMNS[filter.field], filter)),
    ...tagConditions(tags, within(sql`tags.repository_id`)),
    ...(labels.length > 0 ? [labeled(labels)] : []),
  ]
  const all = sql<SqlBool>`${sql.join(conditions, sql` AND `)}`
  if (!selection.latest) return all
  // Repository by repository: an index has the newest of each first, and the others are not read.
  return sql<SqlBool>`artifacts.id IN (
    SELECT newest.id FROM unnest(${[...repositoryIds]}::bigint[]) AS asked(id)
    CROSS JOIN LATERAL (
      SELECT artifacts.id FROM artifacts WHERE artifacts.repository_id = asked.id AND ${all}
      ORDER BY artifacts.push_time DESC, artifacts.id DESC LIMIT 1) AS newest)`
}

/** Whether an artifact bears all of these labels. */
function labeled(ids: readonly number[]): RawBuilder<SqlBool> {
  const wanted = [...new Set(ids)]
  const all =
    wanted.length === 1
      ? sql`artifact_labels.label_id = ${wanted[0]}`
      : sql`artifact_labels.label_id = ANY(${wanted}::bigint[])
        GROUP BY artifact_labels.artifact_id HAVING count(*) = ${wanted.length}`
  return sql<SqlBool>`artifacts.id IN (SELECT artifact_labels.artifact_id FROM artifact_labels WHERE ${all})`
}

/**
 * What the tags of an artifact must be like, in two looks at most: planned one by one, fifty conditions would hold up everybody. As sets
 * and not artifact by artifact: one pass over the tags, those that are `within` the repositories.
 */
function tagConditions(tags: readonly TagFilter[], within: RawBuilder<SqlBool>): RawBuilder<SqlBool>[] {
  const conditions: RawBuilder<SqlBool>[] = []
  const names = new Set<string>()
  const others: RawBuilder<SqlBool>[] = []
  for (const filter of tags) {
    if (filter.op === 'some') conditions.push(sql<SqlBool>`artifacts.tagged`)
    else if (filter.op === 'none') conditions.push(sql<SqlBool>`NOT artifacts.tagged`)
    else if (filter.op === 'exact') names.add(String(filter.value))
    else if (filter.op === 'all') for (const value of filter.values) names.add(String(value))
    else others.push(condition(sql.ref('tags.name'), filter as Filter))
  }
  const looks = [
    ...(names.size > 0 ? [byNames([...names])] : []),
    ...(others.length > 0 ? [byAll(others)] : []),
  ]

  return conditions.concat(
    looks.map(
      (look) => sql<SqlBool>`artifacts.id IN (SELECT tags.artifact_id FROM tags WHERE ${within} AND ${look})`,
    ),
  )
}

/** Tags of artifacts that have all of the names: each has a name once. */
function byNames(names: readonly string[]): RawBuilder<unknown> {
  if (names.length === 1) return sql`tags.name = ${names[0]}`
  return sql`tags.name = ANY(${[...names]}::text[]) GROUP BY tags.artifact_id HAVING count(*) = ${names.length}`
}

/** Tags of artifacts of which each condition holds for one tag or other. */
function byAll(conditions: readonly RawBuilder<SqlBool>[]): RawBuilder<unknown> {
  if (conditions.length === 1) return sql`${conditions[0]}`
  const each = conditions.map((one) => sql`bool_or(${one})`)
  return sql`(${sql.join([...conditions], sql` OR `)}) GROUP BY tags.artifact_id HAVING ${sql.join(each, sql` AND `)}`
}
