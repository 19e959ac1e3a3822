import { type Expression, type RawBuilder, sql } from 'kysely'
import type { HeldRole } from '../access/explain.ts'
import type { ProjectContext } from '../access/model.ts'
import { PROJECT_PERMISSIONS, type ProjectPermission } from '../access/permissions.ts'
import type { Database } from '../platform/db/database.ts'
import { allowanceOf, FIRST_CUSTOM_ROLE } from '../roles/model.ts'
import { roleOf } from './model.ts'

/** The roles that somebody has in a project, as statements answer them. */
export interface HeldRow {
  /** Ids; null: none. */
  roles: number[] | null
  /** What those of them allow that people have made; null where there is none. */
  words: string[] | null
}

const KNOWN: ReadonlySet<string> = new Set(PROJECT_PERMISSIONS)

/** What the custom roles among `ids` allow together. Costs nothing where there is none among them. */
export function wordsOf(ids: Expression<unknown>): RawBuilder<string[] | null> {
  return sql<string[] | null>`CASE WHEN ${FIRST_CUSTOM_ROLE}::int <= ANY(${ids}) THEN (
    SELECT array_agg(DISTINCT word) FROM roles r CROSS JOIN unnest(r.project_permissions) AS word
    WHERE r.id = ANY(${ids})) END`
}

/** What decisions take of them. */
export function toHeld({ roles, words }: HeldRow): Pick<ProjectContext, 'roles' | 'granted'> {
  const builtIn = (roles ?? []).filter((id) => id < FIRST_CUSTOM_ROLE).map(roleOf)
  if (words === null) return { roles: builtIn }
  // A word that another release knew is no permission.
  return {
    roles: builtIn,
    granted: new Set(words.filter((word): word is ProjectPermission => KNOWN.has(word))),
  }
}

/** The roles that the user has in the project, himself or by his groups, one by one. */
export async function selectHeldInProject(
  db: Database,
  projectId: number,
  userId: number,
): Promise<HeldRole[]> {
  const { rows } = await sql<{
    id: number
    name: string
    group_name: string | null
    project_permissions: string[]
  }>`
    SELECT r.id, r.name, held.group_name, r.project_permissions
    FROM (
      SELECT role_id, NULL AS group_name FROM members
      WHERE project_id = ${projectId} AND entity_type = 'u' AND entity_id = ${userId}
      UNION ALL
      SELECT m.role_id, g.name FROM user_group_members u
      JOIN members m ON m.project_id = ${projectId} AND m.entity_type = 'g' AND m.entity_id = u.group_id
      JOIN user_groups g ON g.id = u.group_id
      WHERE u.user_id = ${userId}
    ) held
    JOIN roles r ON r.id = held.role_id
    ORDER BY r.name, held.group_name`.execute(db)

  return rows.map((row) => ({
    name: row.name,
    group: row.group_name ?? undefined,
    allows: allowanceOf(row.id, row.name, { system: [], project: row.project_permissions }),
  }))
}
