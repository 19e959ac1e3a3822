import { sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import { condition, type Filter, type Order, type Page } from '../platform/db/list.ts'
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
  const [order] = sorted
  const found =
    sorted.length === 1 && order?.field === 'pull_time'
      ? await selectByPullTime(db, artifactId, filters, direction(window, order), window)
      : await selectIds(ofArtifact(db, artifactId, filters), sorted, window)
  const ids = inOrder(window, found)
  const rows = await tags(db).where(sql<boolean>`id = ANY(${ids}::bigint[])`).execute()
  const byId = new Map(rows.map((row) => [row.id, toTag(row)]))

  return ids.flatMap((id) => byId.get(id) ?? [])
}

/** Of what is passed over nothing but the id is read, and sorted where no index has the order. */
async function selectIds(
  query: ReturnType<typeof ofArtifact>,
  orders: readonly Order<TagField>[],
  window: Window,
): Promise<number[]> {
  let ordered = query.select('id')
  for (const order of orders) ordered = ordered.orderBy(order.field, direction(window, order))
  // An artifact has a name once: ordered by it, the index is all.
  if (!orders.some(({ field }) => field === 'name'))
    ordered = ordered.orderBy('id', direction(window, { descending: orders.at(-1)?.descending ?? true }))
  const rows = await ordered.limit(window.limit).offset(window.offset).execute()

  return rows.map(({ id }) => id)
}

/**
 * No index has this order: each pull would write it. Tags that nobody has pulled, which most are, come together and by id, and ids
 * alone are sorted in a third of the time.
 */
async function selectByPullTime(
  db: Database,
  artifactId: number,
  filters: readonly Filter<TagField>[],
  way: 'asc' | 'desc',
  { offset, limit }: Window,
): Promise<number[]> {
  const descending = way === 'desc'
  const part = (isPulled: boolean) =>
    ofArtifact(db, artifactId, filters).where('pull_time', isPulled ? 'is not' : 'is', null)
  const read = (isPulled: boolean, page: Page) =>
    page.limit > 0
      ? selectIds(part(isPulled), [{ field: isPulled ? 'pull_time' : 'id', descending }], {
          ...page,
          backwards: false,
        })
      : []
  const pulledFirst = !descending
  const before = await countRows(part(pulledFirst))
  const first = Math.max(Math.min(limit, before - offset), 0)

  return [
    ...(await read(pulledFirst, { offset, limit: first })),
    ...(await read(!pulledFirst, { offset: Math.max(offset - before, 0), limit: limit - first })),
  ]
}

function ofArtifact(db: Database, artifactId: number, filters: readonly Filter<TagField>[]) {
  let query = db.selectFrom('tags').where('artifact_id', '=', artifactId)
  for (const filter of filters) query = query.where(condition(sql.ref(filter.field), filter))
  return query
}

async function countRows(query: ReturnType<typeof ofArtifact>): Promise<number> {
  const row = await query.select((eb) => eb.fn.countAll<number>().as('count')).executeTakeFirstOrThrow()

  return Number(row.count)
}

/** How many tags of the artifact the filters leave. */
export async function countTags(
  db: Database,
  artifactId: number,
  filters: readonly Filter<TagField>[],
): Promise<number> {
  return await countRows(ofArtifact(db, artifactId, filters))
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
