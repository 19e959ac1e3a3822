import { type Expression, type RawBuilder, sql } from 'kysely'
import type { ProjectContext } from '../access/model.ts'
import { PROJECT_PERMISSIONS, type ProjectPermission } from '../access/permissions.ts'
import { FIRST_CUSTOM_ROLE } from '../roles/model.ts'
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
