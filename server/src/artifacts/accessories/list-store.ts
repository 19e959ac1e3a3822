import { sql } from 'kysely'
import type { Database } from '../../platform/db/database.ts'
import { condition, type Filter, type Order } from '../../platform/db/list.ts'
import { direction, inOrder, type Window } from '../../platform/db/window.ts'
import type { ListedAccessory, ListedArtifact } from '../model.ts'

/** Fields that accessories are filtered and sorted by. */
export type AccessoryField = 'id' | 'type' | 'digest' | 'size' | 'creation_time'

const COLUMNS = {
  id: sql.ref('accessory.id'),
  type: sql.ref('accessory.accessory_type'),
  digest: sql.ref('accessory.digest'),
  size: sql.ref('accessory.size'),
  creation_time: sql.ref('accessory.push_time'),
} as const

/** So many accessories are told with an artifact, the oldest; the list of its accessories has them all. */
const MOST_ACCESSORIES = 1000
/** Of the indexes of a page together. */
const MOST_INHERITED = 10_000

/** The oldest accessories of each of these artifacts, the oldest first. Artifacts without any are left out. */
export async function findAccessoriesOf(
  db: Database,
  artifactIds: readonly number[],
): Promise<Map<number, ListedAccessory[]>> {
  if (artifactIds.length === 0) return new Map()
  const result = await sql<Row>`
    SELECT accessory.*, subject.id AS subject_id, subject.digest AS subject_digest, projects.name AS project,
      repositories.name AS repository
    FROM artifacts AS subject
    CROSS JOIN LATERAL (
      SELECT a.id, a.digest, a.size, a.accessory_type AS type, a.push_time FROM artifacts AS a
      WHERE a.repository_id = subject.repository_id AND a.accessory_of = subject.digest
      ORDER BY a.id LIMIT ${MOST_ACCESSORIES}) AS accessory
    JOIN repositories ON repositories.id = subject.repository_id
    JOIN projects ON projects.id = repositories.project_id
    WHERE subject.id = ANY(${[...artifactIds]}::bigint[])
    ORDER BY accessory.id`.execute(db)

  return Map.groupBy(result.rows.map(toAccessory), (accessory) => accessory.subjectId ?? 0)
}

/**
 * For each of these artifacts that has no signature of its own: the signatures of the indexes that list it.
 */
export async function findInheritedAccessories(
  db: Database,
  artifactIds: readonly number[],
): Promise<Map<number, ListedAccessory[]>> {
  if (artifactIds.length === 0) return new Map()
  const signatures = sql`('signature.cosign', 'signature.notation')`
  const rows = await accessories(db)
    .innerJoin('artifact_children', 'artifact_children.artifact_id', 'subject.id')
    .innerJoin('artifacts as child', (join) =>
      join
        .onRef('child.repository_id', '=', 'subject.repository_id')
        .onRef('child.digest', '=', 'artifact_children.child_digest'),
    )
    .select('child.id as child_id')
    .distinct()
    .where(sql<boolean>`child.id = ANY(${[...artifactIds]}::bigint[])`)
    .where(sql<boolean>`accessory.accessory_type IN ${signatures}`)
    .where(sql<boolean>`NOT EXISTS (
      SELECT FROM artifacts own WHERE own.repository_id = child.repository_id
        AND own.accessory_of = child.digest AND own.accessory_type IN ${signatures})`)
    .orderBy('accessory.id')
    .limit(MOST_INHERITED)
    .execute()

  const found = Map.groupBy(rows, (row) => row.child_id)
  return new Map([...found].map(([id, list]) => [id, list.map(toAccessory)]))
}

/** A window of the accessories of one artifact, the oldest first unless `orders` say otherwise. */
export async function selectAccessories(
  db: Database,
  subject: Subject,
  filters: readonly Filter<AccessoryField>[],
  orders: readonly Order<AccessoryField>[],
  window: Window,
): Promise<ListedAccessory[]> {
  if (window.limit === 0) return []
  let query = ofSubject(db, subject, filters).select('accessory.id')
  for (const order of orders) query = query.orderBy(COLUMNS[order.field], direction(window, order))
  // What is passed over is not looked up.
  const found = await query
    .orderBy('accessory.id', direction(window, { descending: orders.at(-1)?.descending ?? false }))
    .limit(window.limit)
    .offset(window.offset)
    .execute()
  const ids = inOrder(
    window,
    found.map(({ id }) => id),
  )
  const rows = await db
    .selectFrom('artifacts')
    .select(['id', 'digest', 'size', 'accessory_type as type', 'push_time'])
    .where(sql<boolean>`id = ANY(${ids}::bigint[])`)
    .execute()
  const same = {
    subject_id: subject.id,
    subject_digest: subject.digest,
    project: subject.projectName,
    repository: subject.repositoryName,
  }
  const byId = new Map(rows.map((row) => [row.id, toAccessory({ ...row, ...same })]))

  return ids.flatMap((id) => byId.get(id) ?? [])
}

/** How many accessories of the artifact the filters leave. */
export async function countAccessories(
  db: Database,
  subject: Subject,
  filters: readonly Filter<AccessoryField>[],
): Promise<number> {
  const row = await ofSubject(db, subject, filters)
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()

  return Number(row.count)
}

/** The artifact whose accessories are asked for. */
type Subject = Pick<ListedArtifact, 'id' | 'repositoryId' | 'digest' | 'projectName' | 'repositoryName'>

/** Its accessories alone: joined to what is the same for all of them, each would look it up, at worst in all of the repository. */
function ofSubject(
  db: Database,
  { repositoryId, digest }: Subject,
  filters: readonly Filter<AccessoryField>[],
) {
  let query = db
    .selectFrom('artifacts as accessory')
    .where('accessory.repository_id', '=', repositoryId)
    .where('accessory.accessory_of', '=', digest)
  for (const filter of filters) query = query.where(condition(COLUMNS[filter.field], filter))
  return query
}

function accessories(db: Database) {
  return db
    .selectFrom('artifacts as subject')
    .innerJoin('artifacts as accessory', (join) =>
      join
        .onRef('accessory.repository_id', '=', 'subject.repository_id')
        .onRef('accessory.accessory_of', '=', 'subject.digest'),
    )
    .innerJoin('repositories', 'repositories.id', 'subject.repository_id')
    .innerJoin('projects', 'projects.id', 'repositories.project_id')
    .select([
      'accessory.id',
      'subject.id as subject_id',
      'subject.digest as subject_digest',
      'projects.name as project',
      'repositories.name as repository',
      'accessory.digest',
      'accessory.size',
      'accessory.accessory_type as type',
      'accessory.push_time',
    ])
}

type Row = Awaited<ReturnType<ReturnType<typeof accessories>['execute']>>[number]

function toAccessory(row: Row): ListedAccessory {
  return {
    id: row.id,
    subjectId: row.subject_id,
    subjectDigest: row.subject_digest,
    repository: `${row.project}/${row.repository}`,
    digest: row.digest,
    size: row.size,
    type: row.type ?? '',
    creationTime: row.push_time,
  }
}
