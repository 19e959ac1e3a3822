import { sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import { condition, type Filter, type Order, type Page } from '../platform/db/list.ts'
import type { Finding, FindingKind, FindingState } from './model.ts'

export type FindingField =
  | 'id'
  | 'kind'
  | 'state'
  | 'digest'
  | 'key'
  | 'size'
  | 'creation_time'
  | 'expiry_time'

/** Notes something, or that it is there still; answers whether it is new. */
export async function noteFinding(
  tx: Database,
  finding: {
    store: string
    kind: FindingKind
    key: string
    digest?: string | undefined
    size?: number | undefined
    blobId?: number | undefined
    objectId?: number | undefined
    /** After so many days the bytes are deleted. */
    days?: number | undefined
  },
): Promise<boolean> {
  const { days } = finding
  const expiry = days === undefined ? sql`NULL` : sql`now() + make_interval(days => ${days})`
  const result = await sql<{ created: boolean }>`
    INSERT INTO scrub_findings AS f (store, kind, key, digest, size, blob_id, object_id, expiry_time)
    VALUES (${finding.store}, ${finding.kind}, ${finding.key}, ${finding.digest ?? null}, ${finding.size ?? null},
      ${finding.blobId ?? null}, ${finding.objectId ?? null}, ${expiry})
    ON CONFLICT (store, key) WHERE state = 'open' DO UPDATE SET seen_time = now(), kind = excluded.kind,
      expiry_time = coalesce(f.expiry_time, excluded.expiry_time)
    RETURNING xmax = 0 AS created`.execute(tx)

  return result.rows[0]?.created === true
}

/** Ends what is open of a key. */
export async function endFinding(
  tx: Database,
  store: string,
  key: string,
  state: Exclude<FindingState, 'open'>,
): Promise<void> {
  await sql`
    UPDATE scrub_findings SET state = ${state}, end_time = now(), expiry_time = NULL
    WHERE store = ${store} AND key = ${key} AND state = 'open'`.execute(tx)
}

/** Locks a finding that is open. */
export async function lockOpenFinding(tx: Database, id: number): Promise<Finding | undefined> {
  const row = await columns(tx)
    .where('id', '=', id)
    .where('state', '=', 'open')
    .forUpdate()
    .executeTakeFirst()

  return row && toFinding(row)
}

/** A finding. */
export async function findFinding(db: Database, id: number): Promise<Finding | undefined> {
  const row = await columns(db).where('id', '=', id).executeTakeFirst()

  return row && toFinding(row)
}

/** One page of the findings, newest first unless told, and how many there are. */
export async function selectFindings(
  db: Database,
  store: string,
  list: { filters: Filter<FindingField>[]; orders: Order<FindingField>[]; page: Page },
): Promise<{ findings: Finding[]; total: number }> {
  const where = sql.join(
    [sql`store = ${store}`, ...list.filters.map((filter) => condition(sql.ref(filter.field), filter))],
    sql` AND `,
  )
  let query = columns(db).where(sql<boolean>`${where}`)
  for (const { field, descending } of list.orders) query = query.orderBy(field, descending ? 'desc' : 'asc')
  const [rows, count] = await Promise.all([
    query.orderBy('id', 'desc').limit(list.page.limit).offset(list.page.offset).execute(),
    sql<{ count: number }>`SELECT count(*) AS count FROM scrub_findings WHERE ${where}`.execute(db),
  ])

  return { findings: rows.map(toFinding), total: count.rows[0]?.count ?? 0 }
}

/** Artifacts that need blobs, by name, the trash included: at most `limit` of each. */
export async function findNeedyOf(
  db: Database,
  blobIds: readonly number[],
  limit: number,
): Promise<Map<number, string[]>> {
  const result = await sql<{ blob_id: number; names: string[] }>`
    SELECT b.blob_id, array(
      SELECT p.name || '/' || r.name || '@' || needy.digest FROM (
        (SELECT a.id, a.repository_id, a.digest FROM artifact_blobs ab JOIN artifacts a ON a.id = ab.artifact_id
          WHERE ab.blob_id = b.blob_id ORDER BY ab.artifact_id LIMIT ${limit})
        UNION ALL
        (SELECT t.id, t.repository_id, t.digest FROM trashed_blobs tb JOIN trashed_artifacts t ON t.id = tb.trash_id
          WHERE tb.blob_id = b.blob_id ORDER BY tb.trash_id LIMIT ${limit})) needy
      JOIN repositories r ON r.id = needy.repository_id JOIN projects p ON p.id = r.project_id
      ORDER BY needy.id LIMIT ${limit}) AS names
    FROM unnest(${[...blobIds]}::bigint[]) AS b(blob_id)`.execute(db)

  return new Map(result.rows.map(({ blob_id, names }) => [blob_id, names]))
}

/** How much is open of each kind. */
export async function countOpenFindings(db: Database): Promise<{ kind: FindingKind; count: number }[]> {
  const result = await sql<{ kind: FindingKind; count: number }>`
    SELECT kind, count(*) AS count FROM scrub_findings WHERE state = 'open' GROUP BY kind`.execute(db)

  return result.rows
}

/** Locks some whose time in quarantine is over, `but` for these ids. */
export async function lockExpired(
  tx: Database,
  store: string,
  { but, limit }: { but: readonly number[]; limit: number },
): Promise<Finding[]> {
  const rows = await columns(tx)
    .where('store', '=', store)
    .where(sql<boolean>`id <> ALL(${[...but]}::bigint[])`)
    .where(sql<boolean>`expiry_time < now()`)
    .orderBy('expiry_time')
    .limit(limit)
    .forUpdate()
    .skipLocked()
    .execute()

  return rows.map(toFinding)
}

/** Notes that bytes are gone from quarantine. That a blob is damaged stays true until it is healed. */
export async function noteExpired(tx: Database, ids: readonly number[]): Promise<void> {
  await sql`
    UPDATE scrub_findings SET expiry_time = NULL,
      state = CASE WHEN kind = 'orphan' AND state = 'open' THEN 'expired' ELSE state END,
      end_time = CASE WHEN kind = 'orphan' AND state = 'open' THEN now() ELSE end_time END
    WHERE id = any(${[...ids]}::bigint[])`.execute(tx)
}

/** Ends what has been healed by an upload, what nothing needs any more, and what an upload has taken out of quarantine. */
export async function noteHealed(db: Database, store: string): Promise<void> {
  await sql`
    UPDATE scrub_findings f SET state = 'restored', end_time = now(), expiry_time = NULL FROM blob_objects o
    WHERE f.state = 'open' AND f.kind = 'orphan' AND f.store = ${store} AND o.id = f.object_id AND o.state = 'stored'`.execute(
    db,
  )
  await sql`
    UPDATE scrub_findings f SET end_time = now(), state = CASE WHEN x.healed THEN 'healed' ELSE 'gone' END
    FROM (
      SELECT id, EXISTS (
          SELECT FROM blob_objects o WHERE o.blob_id = f.blob_id AND o.store = f.store AND o.state = 'stored') AS healed,
        EXISTS (SELECT FROM artifact_blobs ab WHERE ab.blob_id = f.blob_id)
          OR EXISTS (SELECT FROM trashed_blobs tb WHERE tb.blob_id = f.blob_id) AS needed
      FROM scrub_findings f WHERE f.state = 'open' AND f.kind IN ('missing', 'damaged') AND f.store = ${store}) x
    WHERE f.id = x.id AND (x.healed OR NOT x.needed)`.execute(db)
}

/** The time of the database, by which findings are dated. */
export async function readTime(db: Database): Promise<Date> {
  const result = await sql<{ now: Date }>`SELECT clock_timestamp() AS now`.execute(db)

  return result.rows[0]?.now ?? new Date()
}

/** Ends what the scrub has not seen any more since a time. */
export async function noteUnseen(
  db: Database,
  store: string,
  kinds: readonly FindingKind[],
  since: Date,
): Promise<void> {
  await sql`
    UPDATE scrub_findings SET state = 'gone', end_time = now(), expiry_time = NULL
    WHERE state = 'open' AND store = ${store} AND kind = any(${[...kinds]}::text[])
      AND object_id IS NULL AND seen_time < ${since}`.execute(db)
}

/** Forgets what has ended long ago. */
export async function deleteEnded(db: Database, days: number): Promise<void> {
  await sql`
    DELETE FROM scrub_findings WHERE end_time < now() - make_interval(days => ${days}) AND expiry_time IS NULL`.execute(
    db,
  )
}

function columns(db: Database) {
  return db
    .selectFrom('scrub_findings')
    .select([
      'id',
      'kind',
      'state',
      'key',
      'digest',
      'size',
      'blob_id',
      'object_id',
      'creation_time',
      'seen_time',
      'expiry_time',
      'end_time',
    ])
}

type Row = Awaited<ReturnType<ReturnType<typeof columns>['execute']>>[number]

function toFinding(row: Row): Finding {
  return {
    id: row.id,
    kind: row.kind,
    state: row.state,
    key: row.key,
    digest: row.digest ?? undefined,
    size: row.size ?? undefined,
    blobId: row.blob_id ?? undefined,
    objectId: row.object_id ?? undefined,
    creationTime: row.creation_time,
    seenTime: row.seen_time,
    expiryTime: row.expiry_time ?? undefined,
    endTime: row.end_time ?? undefined,
  }
}
