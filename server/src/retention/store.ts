import { sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import type { RetentionCandidate } from './evaluate.ts'
import type { RetentionPolicy, RetentionRule } from './model.ts'

/** The policy of that id. */
export async function findPolicy(db: Database, id: number): Promise<RetentionPolicy | undefined> {
  const row = await db.selectFrom('retention_policies').selectAll().where('id', '=', id).executeTakeFirst()
  return row && toPolicy(row)
}

/** The policy of a project; without one, with undefined: that of all which have none. */
export async function findPolicyOf(
  db: Database,
  projectId: number | undefined,
): Promise<RetentionPolicy | undefined> {
  const row = await db
    .selectFrom('retention_policies')
    .selectAll()
    .where(sql<boolean>`coalesce(project_id, 0) = ${projectId ?? 0}`)
    .executeTakeFirst()
  return row && toPolicy(row)
}

/** Id of the new policy, or undefined where the project has one. */
export async function insertPolicy(
  db: Database,
  { projectId, rules }: Omit<RetentionPolicy, 'id'>,
): Promise<number | undefined> {
  const row = await db
    .insertInto('retention_policies')
    .values({ project_id: projectId ?? null, rules: JSON.stringify(rules) })
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .executeTakeFirst()
  return row?.id
}

/** Whether there was such a policy to change. */
export async function updateRules(
  db: Database,
  id: number,
  rules: readonly RetentionRule[],
): Promise<boolean> {
  const result = await db
    .updateTable('retention_policies')
    .set({ rules: JSON.stringify(rules), update_time: sql<Date>`now()` })
    .where('id', '=', id)
    .executeTakeFirst()
  return result.numUpdatedRows > 0n
}

/** Whether there was such a policy. */
export async function deletePolicy(db: Database, id: number): Promise<boolean> {
  const result = await db.deleteFrom('retention_policies').where('id', '=', id).executeTakeFirst()
  return result.numDeletedRows > 0n
}

/** Removes the policies of projects that are gone; answers their ids. */
export async function deletePoliciesOf(db: Database, projectIds: readonly number[]): Promise<number[]> {
  const rows = await db
    .deleteFrom('retention_policies')
    .where('project_id', 'in', [...projectIds])
    .returning('id')
    .execute()
  return rows.map((row) => row.id)
}

/** A repository that a run looks at. */
export interface RetentionPlace {
  id: number
  name: string
  projectId: number
  projectName: string
}

/** The repositories of a project; without one, of all projects that have no policy of their own. */
export async function listPlaces(db: Database, projectId: number | undefined): Promise<RetentionPlace[]> {
  const rows = await places(db)
    .where((eb) =>
      projectId === undefined
        ? sql<boolean>`NOT EXISTS (SELECT FROM retention_policies own WHERE own.project_id = projects.id)`
        : eb('projects.id', '=', projectId),
    )
    .orderBy('repositories.id')
    .execute()
  return rows
}

/** Where a repository is now. */
export async function findPlace(db: Database, repositoryId: number): Promise<RetentionPlace | undefined> {
  return await places(db).where('repositories.id', '=', repositoryId).executeTakeFirst()
}

function places(db: Database) {
  return db
    .selectFrom('repositories')
    .innerJoin('projects', 'projects.id', 'repositories.project_id')
    .select([
      'repositories.id as id',
      'repositories.name as name',
      'projects.id as projectId',
      'projects.name as projectName',
    ])
    .where('repositories.deletion_time', 'is', null)
    .where('repositories.publish_time', 'is not', null)
    .where('projects.deletion_time', 'is', null)
}

const PAGE = 5_000

/** What stands in the lists of a repository: children and accessories go with what they belong to. */
export async function listCandidates(
  db: Database,
  place: RetentionPlace,
  isImmutable: ((repository: string, tag: string) => boolean) | undefined,
  only?: number,
): Promise<RetentionCandidate[]> {
  const all: RetentionCandidate[] = []
  for (let after = 0, found = PAGE; found === PAGE; ) {
    const { rows } = await sql<{
      id: number
      digest: string
      tags: string[]
      labels: string[]
      push_time: Date
      pull_time: Date | null
    }>`
      SELECT a.id, a.digest,
        coalesce((SELECT array_agg(t.name::text ORDER BY t.name) FROM tags t WHERE t.artifact_id = a.id), '{}') AS tags,
        coalesce((SELECT array_agg(l.name::text ORDER BY l.name) FROM artifact_labels al
          JOIN labels l ON l.id = al.label_id WHERE al.artifact_id = a.id), '{}') AS labels,
        greatest(a.push_time, (SELECT max(t.push_time) FROM tags t WHERE t.artifact_id = a.id)) AS push_time,
        greatest(a.pull_time, (SELECT max(t.pull_time) FROM tags t WHERE t.artifact_id = a.id)) AS pull_time
      FROM artifacts a
      WHERE a.repository_id = ${place.id} AND a.listed AND a.id > ${after}
        AND (${only ?? null}::bigint IS NULL OR a.id = ${only ?? null})
      ORDER BY a.id LIMIT ${PAGE}`.execute(db)
    for (const row of rows) {
      all.push({
        id: row.id,
        digest: row.digest,
        repository: place.name,
        tags: row.tags,
        labels: row.labels,
        pushTime: row.push_time,
        pullTime: row.pull_time ?? undefined,
        immutable: row.tags.some((tag) => isImmutable?.(place.name, tag)),
      })
    }
    found = rows.length
    after = rows.at(-1)?.id ?? after
  }
  return all
}

function toPolicy(row: { id: number; project_id: number | null; rules: unknown }): RetentionPolicy {
  return { id: row.id, projectId: row.project_id ?? undefined, rules: row.rules as RetentionRule[] }
}
