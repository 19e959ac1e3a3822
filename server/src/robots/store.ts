import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import type { Access, Grant, Robot } from './model.ts'

export interface StoredRobot {
  robot: Robot
  /** Null: a robot of old without a secret. */
  secretHash: string | null
}

export interface GrantRow {
  kind: 'system' | 'project'
  project_id: number | null
  name: string | null
  access: Access[]
}

interface RobotRow {
  id: number
  project_id: number | null
  project_name: string | null
  name: string
  description: string
  duration: number
  expiry_time: Date | null
  disabled: boolean
  secret_hash: string | null
  generation: number
  creator_type: 'local' | 'robot'
  creator_id: number
  creation_time: Date
  update_time: Date
  grants: GrantRow[]
}

/** Columns of a robot and its grants in one row. What was granted in a project that is gone is gone. */
const ROBOT_COLUMNS = sql`
  robots.id, robots.project_id, projects.name AS project_name, robots.name, robots.description,
  robots.duration, robots.expiry_time, robots.disabled, robots.secret_hash, robots.generation,
  robots.creator_type, robots.creator_id, robots.creation_time, robots.update_time,
  (SELECT coalesce(jsonb_agg(jsonb_build_object(
      'kind', g.kind, 'project_id', g.project_id, 'name', gp.name, 'access', g.access
    ) ORDER BY g.kind, gp.name), '[]')
    FROM robot_grants g LEFT JOIN projects gp ON gp.id = g.project_id AND gp.deletion_time IS NULL
    WHERE g.robot_id = robots.id AND (g.project_id IS NULL OR gp.id IS NOT NULL)) AS grants`

/** Robots, those of a deleted project left out: they go a moment after it. */
export const LIVE_ROBOTS = sql`
  robots LEFT JOIN projects ON projects.id = robots.project_id AND projects.deletion_time IS NULL`
export const IS_LIVE: RawBuilder<SqlBool> = sql`(robots.project_id IS NULL OR projects.id IS NOT NULL)`

function toStored(row: RobotRow): StoredRobot {
  return {
    secretHash: row.secret_hash,
    robot: {
      id: row.id,
      name: row.name,
      ...(row.project_id === null ? {} : { project: { id: row.project_id, name: row.project_name ?? '' } }),
      description: row.description,
      duration: row.duration,
      ...(row.expiry_time === null ? {} : { expiryTime: row.expiry_time }),
      disabled: row.disabled,
      editable: row.secret_hash !== null,
      generation: row.generation,
      creator: { type: row.creator_type, id: row.creator_id },
      creationTime: row.creation_time,
      updateTime: row.update_time,
      grants: row.grants.map(toGrant),
    },
  }
}

/** A grant as statements answer it. */
export function toGrant({ kind, project_id: id, name, access }: GrantRow): Grant {
  if (kind === 'system') return { kind, access }
  return id === null ? { kind, access } : { kind, project: { id, name: name ?? '' }, access }
}

/** The robots of these ids, in their order. */
export async function findByIds(db: Database, ids: readonly number[]): Promise<(StoredRobot | undefined)[]> {
  const { rows } = await sql<RobotRow>`
    SELECT ${ROBOT_COLUMNS} FROM ${LIVE_ROBOTS}
    WHERE robots.id = ANY(${ids}::bigint[]) AND ${IS_LIVE}`.execute(db)
  const found = new Map(rows.map((row) => [row.id, toStored(row)]))
  return ids.map((id) => found.get(id))
}

export interface NewRow {
  name: string
  projectId: number | undefined
  description: string
  duration: number
  expiryTime: Date | undefined
  disabled: boolean
  secretHash: string
  creator: Robot['creator']
  creationTime: Date
}

/** Id of the new robot, or undefined where the name is taken. */
export async function insertRobot(tx: Database, robot: NewRow): Promise<number | undefined> {
  const { rows } = await sql<{ id: number }>`
    INSERT INTO robots (project_id, name, description, duration, expiry_time, disabled, secret_hash,
      creator_type, creator_id, creation_time, update_time)
    VALUES (${robot.projectId ?? null}, ${robot.name}, ${robot.description}, ${robot.duration},
      ${robot.expiryTime ?? null}, ${robot.disabled}, ${robot.secretHash}, ${robot.creator.type},
      ${robot.creator.id}, ${robot.creationTime}, ${robot.creationTime})
    ON CONFLICT DO NOTHING RETURNING id`.execute(tx)
  return rows[0]?.id
}

/** Replaces what the robot may do. */
export async function replaceGrants(tx: Database, robotId: number, grants: readonly Grant[]): Promise<void> {
  await tx.deleteFrom('robot_grants').where('robot_id', '=', robotId).execute()
  if (grants.length === 0) return
  await tx
    .insertInto('robot_grants')
    .values(
      grants.map((grant) => ({
        robot_id: robotId,
        kind: grant.kind,
        project_id: grant.kind === 'project' ? (grant.project?.id ?? null) : null,
        access: JSON.stringify(grant.access),
      })),
    )
    .execute()
}

/** Holds the row until the transaction ends; false where there is none. */
export async function lockRobot(tx: Database, id: number): Promise<boolean> {
  const row = await tx.selectFrom('robots').select('id').where('id', '=', id).forUpdate().executeTakeFirst()
  return row !== undefined
}

/** Writes what may change of a robot. Whoever is disabled loses the tokens issued to him before. */
export async function updateRobot(
  tx: Database,
  robot: Pick<Robot, 'id' | 'description' | 'disabled' | 'duration' | 'expiryTime'>,
): Promise<void> {
  await tx
    .updateTable('robots')
    .set({
      description: robot.description,
      disabled: robot.disabled,
      duration: robot.duration,
      expiry_time: robot.expiryTime ?? null,
      generation: sql<number>`generation + (${robot.disabled} AND NOT disabled)::integer`,
      update_time: sql<Date>`now()`,
    })
    .where('id', '=', robot.id)
    .execute()
}

/** A new secret: every token issued before is void. */
export async function updateSecret(tx: Database, id: number, secretHash: string): Promise<void> {
  await tx
    .updateTable('robots')
    .set({
      secret_hash: secretHash,
      generation: sql<number>`generation + 1`,
      update_time: sql<Date>`now()`,
    })
    .where('id', '=', id)
    .execute()
}

/** Another hash of the same secret, unless it has been changed meanwhile. */
export async function replaceSecretHash(db: Database, id: number, from: string, to: string): Promise<void> {
  await db
    .updateTable('robots')
    .set({ secret_hash: to })
    .where('id', '=', id)
    .where('secret_hash', '=', from)
    .execute()
}

export async function deleteRobot(tx: Database, id: number): Promise<void> {
  await tx.deleteFrom('robots').where('id', '=', id).execute()
}

/** Removes the robots of these projects, and what others were granted in them. */
export async function deleteOfProjects(tx: Database, projectIds: readonly number[]): Promise<void> {
  if (projectIds.length === 0) return
  await tx.deleteFrom('robots').where('project_id', 'in', projectIds).execute()
  await tx.deleteFrom('robot_grants').where('project_id', 'in', projectIds).execute()
}
