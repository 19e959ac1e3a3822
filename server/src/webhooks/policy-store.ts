import { type Expression, sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import { condition, type Filter, type Order, type Page } from '../platform/db/list.ts'
import { isUniqueViolation } from '../platform/db/violations.ts'
import type { EventType, Target } from './model.ts'

/** Fields that lists of policies are filtered and sorted by. */
export type PolicyField =
  | 'id'
  | 'name'
  | 'description'
  | 'enabled'
  | 'creator'
  | 'creation_time'
  | 'update_time'

/** A policy as it is stored: its secrets sealed. */
export interface StoredPolicy {
  id: number
  projectId: number
  name: string
  description: string
  enabled: boolean
  eventTypes: EventType[]
  repositoryPattern: string
  tagPattern: string
  targets: Target[]
  sealed: Buffer | null
  creator: string
  creationTime: Date
  updateTime: Date
}

type Written = Omit<StoredPolicy, 'id' | 'projectId' | 'creator' | 'creationTime' | 'updateTime'>

const ref = (name: string): Expression<unknown> => sql.ref(name)

/** One page of a project's policies, the newest first unless `orders` say otherwise, and how many there are. */
export async function selectPolicies(
  db: Database,
  projectId: number,
  list: { filters: readonly Filter<PolicyField>[]; orders: readonly Order<PolicyField>[]; page: Page },
): Promise<{ policies: StoredPolicy[]; total: number }> {
  let query = db.selectFrom('webhook_policies').where('project_id', '=', projectId)
  for (const filter of list.filters) query = query.where(condition(ref(filter.field), filter))
  const { total } = await query.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow()
  let page = query.selectAll()
  for (const { field, descending } of list.orders)
    page = page.orderBy(ref(field), descending ? 'desc' : 'asc')
  const rows = await page
    .orderBy('creation_time', 'desc')
    .orderBy('id', 'desc')
    .limit(list.page.limit)
    .offset(list.page.offset)
    .execute()

  return { policies: rows.map(toStored), total: Number(total) }
}

/** How many targets the webhooks of a project have, but for one of them. */
export async function countTargets(db: Database, projectId: number, exceptId: number): Promise<number> {
  const result = await sql<{ count: number }>`
    SELECT coalesce(sum(jsonb_array_length(targets)), 0)::int AS count FROM webhook_policies
    WHERE project_id = ${projectId} AND id <> ${exceptId}`.execute(db)

  return result.rows[0]?.count ?? 0
}

/** A policy, if it is the project's. */
export async function findPolicy(
  db: Database,
  projectId: number,
  id: number,
): Promise<StoredPolicy | undefined> {
  const row = await db
    .selectFrom('webhook_policies')
    .selectAll()
    .where('id', '=', id)
    .where('project_id', '=', projectId)
    .executeTakeFirst()

  return row && toStored(row)
}

/** The policy of that id, whosever it is: for the worker. */
export async function findPolicyById(db: Database, id: number): Promise<StoredPolicy | undefined> {
  const row = await db.selectFrom('webhook_policies').selectAll().where('id', '=', id).executeTakeFirst()

  return row && toStored(row)
}

/** What is enabled in these projects for one of these events; it stays until the transaction ends. */
export async function findListeners(
  tx: Database,
  projectIds: readonly number[],
  eventTypes: readonly EventType[],
): Promise<StoredPolicy[]> {
  if (projectIds.length === 0) return []
  const rows = await tx
    .selectFrom('webhook_policies')
    .selectAll()
    .where('project_id', 'in', [...projectIds])
    .where('enabled', '=', true)
    .where(sql<boolean>`event_types && ${[...eventTypes]}::text[]`)
    .orderBy('id')
    .forKeyShare()
    .execute()

  return rows.map(toStored)
}

/** Id of the new policy, or undefined where the name is taken. */
export async function insertPolicy(
  tx: Database,
  projectId: number,
  creator: string,
  policy: Written,
): Promise<number | undefined> {
  const row = await tx
    .insertInto('webhook_policies')
    .values({ project_id: projectId, creator, ...toRow(policy) })
    .onConflict((conflict) => conflict.columns(['project_id', 'name']).doNothing())
    .returning('id')
    .executeTakeFirst()

  return row?.id
}

/** Writes what may change of a policy. */
export async function updatePolicy(
  tx: Database,
  id: number,
  policy: Written,
): Promise<'done' | 'absent' | 'taken'> {
  try {
    const result = await tx
      .updateTable('webhook_policies')
      .set({ ...toRow(policy), update_time: sql<Date>`now()` })
      .where('id', '=', id)
      .executeTakeFirst()
    return result.numUpdatedRows > 0n ? 'done' : 'absent'
  } catch (error) {
    if (isUniqueViolation(error)) return 'taken'
    throw error
  }
}

/**
 * Deletes a policy with everything that was and is to be delivered for it; answers whether it was there. Policy, lanes,
 * deliveries: so everybody locks them.
 */
export async function deletePolicy(tx: Database, id: number): Promise<boolean> {
  await tx.selectFrom('webhook_policies').select('id').where('id', '=', id).forUpdate().execute()
  await tx
    .selectFrom('webhook_lanes')
    .select('target')
    .where('policy_id', '=', id)
    .orderBy('target')
    .forUpdate()
    .execute()
  const result = await tx.deleteFrom('webhook_policies').where('id', '=', id).executeTakeFirst()

  return result.numDeletedRows > 0n
}

/** Ids of the policies of projects that are gone. */
export async function findPolicyIds(tx: Database, projectIds: readonly number[]): Promise<number[]> {
  const rows = await tx
    .selectFrom('webhook_policies')
    .select('id')
    .where('project_id', 'in', [...projectIds])
    .orderBy('id')
    .execute()

  return rows.map((row) => row.id)
}

/** Of which projects it is known who may see what is in them, and since when their repositories are there. */
export async function findRepositoryFacts(
  db: Database,
  repositories: readonly { projectId: number; repository: string }[],
): Promise<{ projectId: number; repository: string; public: boolean; creationTime: Date | null }[]> {
  if (repositories.length === 0) return []
  const result = await sql<{
    projectId: number
    repository: string
    public: boolean
    creationTime: Date | null
  }>`
    SELECT w.project_id AS "projectId", w.name AS repository, p.public, r.creation_time AS "creationTime"
    FROM unnest(${repositories.map((one) => one.projectId)}::bigint[],
      ${repositories.map((one) => one.repository)}::text[]) AS w(project_id, name)
    JOIN projects p ON p.id = w.project_id
    LEFT JOIN repositories r ON r.project_id = w.project_id AND r.name = w.name AND r.deletion_time IS NULL`.execute(
    db,
  )

  return result.rows
}

function toRow(policy: Written) {
  return {
    name: policy.name,
    description: policy.description,
    enabled: policy.enabled,
    event_types: policy.eventTypes,
    repository_pattern: policy.repositoryPattern,
    tag_pattern: policy.tagPattern,
    targets: JSON.stringify(policy.targets),
    secrets: policy.sealed,
  }
}

function toStored(row: {
  id: number
  project_id: number
  name: string
  description: string
  enabled: boolean
  event_types: string[]
  repository_pattern: string
  tag_pattern: string
  targets: unknown
  secrets: Buffer | null
  creator: string
  creation_time: Date
  update_time: Date
}): StoredPolicy {
  return {
    id: row.id,
    projectId: row.project_id,
    name: row.name,
    description: row.description,
    enabled: row.enabled,
    eventTypes: row.event_types as EventType[],
    repositoryPattern: row.repository_pattern,
    tagPattern: row.tag_pattern,
    targets: row.targets as Target[],
    sealed: row.secrets,
    creator: row.creator,
    creationTime: row.creation_time,
    updateTime: row.update_time,
  }
}
