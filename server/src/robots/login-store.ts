import { sql } from 'kysely'
import type { ProjectContext } from '../access/model.ts'
import { projectNamed } from '../members/context-store.ts'
import type { Database } from '../platform/db/database.ts'
import type { LoginRobot } from './model.ts'
import { type GrantRow, toGrant } from './store.ts'

/** A robot as it logs in. */
export interface RobotLogin {
  robot: LoginRobot
  /** Null: a robot of old without a secret. */
  secretHash: string | null
}

export interface LoginKey {
  /** The project's name, now or formerly; undefined for robots of the system. */
  project: string | undefined
  name: string
}

interface LoginRow {
  id: number
  project_id: number | null
  project_name: string | null
  name: string
  expiry_time: Date | null
  disabled: boolean
  secret_hash: string | null
  generation: number
  grants: GrantRow[]
}

/**
 * The columns of a `LoginRow`, of a robot `r` and its project `owner`. What was granted in a project that is gone is gone. The order
 * of the joins is given, here and below: planned, they would read all grants, robots and projects.
 */
const LOGIN_COLUMNS = sql`
  r.id, r.project_id, owner.name AS project_name, r.name, r.expiry_time, r.disabled, r.secret_hash, r.generation,
  (SELECT coalesce(json_agg(json_build_object(
      'kind', g.kind, 'project_id', g.project_id, 'name', p.name, 'access', g.access)), '[]')
    FROM (SELECT kind, project_id, access FROM robot_grants WHERE robot_id = r.id OFFSET 0) g
    LEFT JOIN LATERAL (
      SELECT name FROM projects WHERE id = g.project_id AND deletion_time IS NULL OFFSET 0) p ON true
    WHERE g.project_id IS NULL OR p.name IS NOT NULL) AS grants`

/** Joins to keys `k` with `project` and `robot` the robot of that name. */
const ROBOT_OF_KEY = sql`
  LEFT JOIN LATERAL (${projectNamed(sql`k.project`)}) owner ON true
  CROSS JOIN LATERAL (
    SELECT * FROM robots
    WHERE coalesce(project_id, 0) = CASE WHEN k.project IS NULL THEN 0 ELSE owner.id END AND name = k.robot
    OFFSET 0) r`

function toLogin(row: LoginRow): RobotLogin {
  return {
    secretHash: row.secret_hash,
    robot: {
      id: row.id,
      name: row.name,
      ...(row.project_id === null ? {} : { project: { id: row.project_id, name: row.project_name ?? '' } }),
      ...(row.expiry_time === null ? {} : { expiryTime: row.expiry_time }),
      disabled: row.disabled,
      generation: row.generation,
      grants: row.grants.map(toGrant),
    },
  }
}

/** The robots of these ids, in their order. Those of a deleted project are left out: they go a moment after it. */
export async function findLoginsById(
  db: Database,
  ids: readonly number[],
): Promise<(RobotLogin | undefined)[]> {
  const { rows } = await sql<LoginRow>`
    SELECT ${LOGIN_COLUMNS}
    FROM unnest(${ids}::bigint[]) AS k(id)
    CROSS JOIN LATERAL (SELECT * FROM robots WHERE id = k.id OFFSET 0) r
    LEFT JOIN LATERAL (
      SELECT id, name FROM projects WHERE id = r.project_id AND deletion_time IS NULL OFFSET 0) owner ON true
    WHERE r.project_id IS NULL OR owner.id IS NOT NULL`.execute(db)
  const found = new Map(rows.map((row) => [row.id, toLogin(row)]))

  return ids.map((id) => found.get(id))
}

/** The robots of these names, in their order. */
export async function findLoginsByName(
  db: Database,
  keys: readonly LoginKey[],
): Promise<(RobotLogin | undefined)[]> {
  const projects = keys.map((key) => key.project ?? null)
  const names = keys.map((key) => key.name)
  const { rows } = await sql<LoginRow & { ordinal: number }>`
    SELECT k.ordinal, ${LOGIN_COLUMNS}
    FROM unnest(${projects}::text[], ${names}::text[]) WITH ORDINALITY AS k(project, robot, ordinal)
    ${ROBOT_OF_KEY}`.execute(db)
  const found = new Map(rows.map((row) => [row.ordinal, toLogin(row)]))

  return keys.map((_, index) => found.get(index + 1))
}

/** A robot that logs in for a token, and the project, now or formerly of that name, in which the token is to count. */
export interface LoginInProjectKey extends LoginKey {
  wanted: string
}

/** The robot, and the project as decisions about the robot take it: robots have no roles. */
export interface LoginInProject extends RobotLogin {
  /** Undefined where there is none of that name. */
  wanted: ProjectContext | undefined
}

interface WantedRow {
  wanted_id: number | null
  wanted_public: boolean | null
}

function toWanted({ wanted_id: id, wanted_public: isPublic }: WantedRow): ProjectContext | undefined {
  return id === null ? undefined : { id, public: isPublic === true, roles: [] }
}

/** What the keys name, in their order; undefined where there is no such robot. */
export async function findLoginsInProject(
  db: Database,
  keys: readonly LoginInProjectKey[],
): Promise<(LoginInProject | undefined)[]> {
  const projects = keys.map((key) => key.project ?? null)
  const names = keys.map((key) => key.name)
  const wanted = keys.map((key) => key.wanted)
  const { rows } = await sql<LoginRow & WantedRow & { ordinal: number }>`
    SELECT k.ordinal, wanted.id AS wanted_id, wanted.public AS wanted_public, ${LOGIN_COLUMNS}
    FROM unnest(${projects}::text[], ${names}::text[], ${wanted}::text[])
      WITH ORDINALITY AS k(project, robot, wanted, ordinal)
    ${ROBOT_OF_KEY}
    LEFT JOIN LATERAL (${projectNamed(sql`k.wanted`)}) wanted ON true`.execute(db)
  const found = new Map(rows.map((row) => [row.ordinal, { ...toLogin(row), wanted: toWanted(row) }]))

  return keys.map((_, index) => found.get(index + 1))
}
