import { type Expression, type RawBuilder, sql } from 'kysely'
import type { ProjectContext } from '../access/model.ts'
import type { Database } from '../platform/db/database.ts'
import { type HeldRow, toHeld, wordsOf } from './held-store.ts'

/** A project by its name (now or formerly), and whose roles in it are asked for. */
export interface ContextKey {
  name: string
  userId: number | undefined
}

/** A project with what there is to decide about it, its name, and its limit in bytes where it has one. */
export type NamedContext = ProjectContext & { name: string; storageLimit?: number | undefined }

/** A project and somebody's roles in it, as statements answer them. */
export interface ContextRow extends HeldRow {
  id: number
  name: string
  public: boolean
  storage_limit: number | null
}

/** The columns of a `ContextRow`, of what `CONTEXT_OF_KEY` joins. */
export const CONTEXT_COLUMNS = sql`p.id, p.name, p.public, p.storage_limit, held.roles,
  ${wordsOf(sql.ref('held.roles'))} AS words`

/** Selects the live project of a name, now or formerly, for a lateral join: by one index after the other, whatever is planned. */
export function projectNamed(name: Expression<unknown>): RawBuilder<unknown> {
  return sql`
    SELECT id, name, public, storage_limit, 0 AS former FROM projects WHERE name = ${name} AND deletion_time IS NULL
    UNION ALL
    SELECT p.id, p.name, p.public, p.storage_limit, 1
    FROM (SELECT project_id FROM project_aliases WHERE name = ${name} OFFSET 0) a
    JOIN LATERAL (SELECT * FROM projects WHERE id = a.project_id OFFSET 0) p ON p.deletion_time IS NULL
    ORDER BY former LIMIT 1`
}

/**
 * Joins to keys `k` with `name` and `user_id` the live project `p` of that name, and the roles of the user in it, his own
 * and those of his groups, as `held`. The order of the joins is given: planned, they would read all projects and all groups.
 */
export const CONTEXT_OF_KEY = sql`
  CROSS JOIN LATERAL (${projectNamed(sql`k.name`)}) p
  CROSS JOIN LATERAL (
    SELECT array_agg(DISTINCT role_id) AS roles FROM (
      SELECT m.role_id FROM members m
      WHERE m.project_id = p.id AND m.entity_type = 'u' AND m.entity_id = k.user_id
      UNION ALL
      SELECT m.role_id FROM (SELECT group_id FROM user_group_members WHERE user_id = k.user_id OFFSET 0) g
      CROSS JOIN LATERAL (
        SELECT role_id FROM members
        WHERE project_id = p.id AND entity_type = 'g' AND entity_id = g.group_id OFFSET 0) m
    ) one
  ) held`

/** The live projects that the keys name with the roles of their users, in the order of the keys. */
export async function findContexts(
  db: Database,
  keys: readonly ContextKey[],
): Promise<(NamedContext | undefined)[]> {
  const names = keys.map((key) => key.name)
  const users = keys.map((key) => key.userId ?? null)
  const result = await sql<ContextRow & { ordinal: number }>`
    SELECT k.ordinal, ${CONTEXT_COLUMNS}
    FROM unnest(${names}::text[], ${users}::bigint[]) WITH ORDINALITY AS k(name, user_id, ordinal)
    ${CONTEXT_OF_KEY}`.execute(db)
  const found = new Map(result.rows.map((row) => [row.ordinal, toContext(row)]))

  return keys.map((_, index) => found.get(index + 1))
}

export function toContext({
  id,
  name,
  public: isPublic,
  storage_limit: limit,
  ...held
}: ContextRow): NamedContext {
  return {
    id,
    name,
    public: isPublic,
    ...toHeld(held),
    ...(limit === null ? {} : { storageLimit: limit }),
  }
}
