import { sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import { condition, type Filter, type Order } from '../platform/db/list.ts'
import { direction, inOrder, type Window } from '../platform/db/window.ts'
import type { ListedChild, ListedTag } from './model.ts'

/** So many tags are told with an artifact, the newest; the list of its tags has them all. */
const MOST_TAGS = 1000

/** The newest tags of each of these artifacts, the newest first. Artifacts without any are left out. */
export async function findTagsOf(
  db: Database,
  artifactIds: readonly number[],
): Promise<Map<number, ListedTag[]>> {
  if (artifactIds.length === 0) return new Map()
  const { rows } = await sql<TagRow>`
    SELECT t.id, t.repository_id, t.artifact_id, t.name, t.push_time, t.pull_time
    FROM unnest(${[...artifactIds]}::bigint[]) AS asked(id)
    CROSS JOIN LATERAL (SELECT * FROM tags WHERE tags.artifact_id = asked.id
      ORDER BY tags.push_time DESC, tags.id DESC LIMIT ${MOST_TAGS}) AS t
    ORDER BY t.push_time DESC, t.id DESC`.execute(db)

  return Map.groupBy(rows.map(toTag), (tag) => tag.artifactId)
}

/** Children told of a page together, as many as one manifest may list; of each artifact no fewer than real indexes have. */
const MOST_CHILDREN = 20_000
const FEWEST_CHILDREN = 200

/** The first children that each of these artifacts lists, in its order; with their ids where they are there. */
export async function findChildrenOf(
  db: Database,
  artifactIds: readonly number[],
): Promise<Map<number, ListedChild[]>> {
  if (artifactIds.length === 0) return new Map()
  const rows = await db
    .selectFrom('artifact_children')
    .innerJoin('artifacts as parent', 'parent.id', 'artifact_children.artifact_id')
    .leftJoin('artifacts as child', (join) =>
      join
        .onRef('child.repository_id', '=', 'parent.repository_id')
        .onRef('child.digest', '=', 'artifact_children.child_digest'),
    )
    .select([
      'parent.id as parentId',
      'child.id as childId',
      'artifact_children.child_digest as digest',
      'artifact_children.platform',
      'artifact_children.annotations',
    ])
    .where(sql<boolean>`parent.id = ANY(${[...artifactIds]}::bigint[])`)
    .where(
      'artifact_children.position',
      '<',
      Math.max(FEWEST_CHILDREN, Math.floor(MOST_CHILDREN / artifactIds.length)),
    )
    .orderBy('artifact_children.artifact_id')
    .orderBy('artifact_children.position')
    .execute()
  const children = rows.map((row) => ({
    ...row,
    childId: row.childId ?? undefined,
    platform: row.platform ?? undefined,
    annotations: row.annotations ?? undefined,
  }))

  return Map.groupBy(children, (child) => child.parentId)
}

/** Fields that the tags of an artifact are filtered and sorted by. */
export type TagField = 'id' | 'name' | 'push_time' | 'pull_time'

/** A window of the tags of one artifact, the newest first unless `orders` say otherwise. */
export async function selectTags(
  db: Database,
  artifactId: number,
  filters: readonly Filter<TagField>[],
  orders: readonly Order<TagField>[],
  window: Window,
): Promise<ListedTag[]> {
  if (window.limit === 0) return []
  const sorted: Order<TagField>[] =
    orders.length > 0 ? [...orders] : [{ field: 'push_time', descending: true }]
  const last = sorted.at(-1)?.descending ?? true
  let query = db.selectFrom('tags').select('id').where('artifact_id', '=', artifactId)
  for (const filter of filters) query = query.where(condition(sql.ref(filter.field), filter))
  for (const order of sorted) query = query.orderBy(order.field, direction(window, order))
  // An artifact has a name once: ordered by it, the index is all.
  if (!sorted.some(({ field }) => field === 'name'))
    query = query.orderBy('id', direction(window, { descending: last }))
  // Of what is passed over nothing but the id is read, and sorted where no index has the order.
  const found = await query.limit(window.limit).offset(window.offset).execute()
  const ids = inOrder(
    window,
    found.map(({ id }) => id),
  )
  const rows = await tags(db).where(sql<boolean>`id = ANY(${ids}::bigint[])`).execute()
  const byId = new Map(rows.map((row) => [row.id, toTag(row)]))

  return ids.flatMap((id) => byId.get(id) ?? [])
}

/** How many tags of the artifact the filters leave. */
export async function countTags(
  db: Database,
  artifactId: number,
  filters: readonly Filter<TagField>[],
): Promise<number> {
  let query = db
    .selectFrom('tags')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('artifact_id', '=', artifactId)
  for (const filter of filters) query = query.where(condition(sql.ref(filter.field), filter))
  const row = await query.executeTakeFirstOrThrow()

  return Number(row.count)
}

function tags(db: Database) {
  return db
    .selectFrom('tags')
    .select(['id', 'repository_id', 'artifact_id', 'name', 'push_time', 'pull_time'])
}

type TagRow = Awaited<ReturnType<ReturnType<typeof tags>['execute']>>[number]

function toTag(row: TagRow): ListedTag {
  return {
    id: row.id,
    repositoryId: row.repository_id,
    artifactId: row.artifact_id,
    name: row.name,
    pushTime: row.push_time,
    pullTime: row.pull_time ?? undefined,
  }
}
