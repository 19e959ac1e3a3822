import { sql } from 'kysely'
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

interface ProjectRow {
  id: number
  name: string
  public: boolean
  storage_limit: number | null
}

/**
 * The live projects that the keys name with the roles of their users, their own and those of their groups,
 * in the order of the keys.
 */
export async function findContexts(
  db: Database,
  keys: readonly ContextKey[],
): Promise<(NamedContext | undefined)[]> {
  const names = keys.map((key) => key.name)
  const users = keys.map((key) => key.userId ?? null)
  const result = await sql<HeldRow & ProjectRow & { ordinal: number }>`
    SELECT k.ordinal, p.id, p.name, p.public, p.storage_limit, held.roles,
      ${wordsOf(sql.ref('held.roles'))} AS words
    FROM unnest(${names}::text[], ${users}::bigint[]) WITH ORDINALITY AS k(name, user_id, ordinal)
    CROSS JOIN LATERAL (
      SELECT id, name, public, storage_limit, 0 AS former FROM projects WHERE name = k.name AND deletion_time IS NULL
      UNION ALL
      SELECT p.id, p.name, p.public, p.storage_limit, 1 FROM project_aliases a JOIN projects p ON p.id = a.project_id
      WHERE a.name = k.name AND p.deletion_time IS NULL
      ORDER BY former LIMIT 1
    ) p
    CROSS JOIN LATERAL (
      SELECT array_agg(DISTINCT role_id) AS roles FROM (
        SELECT m.role_id FROM members m
        WHERE m.project_id = p.id AND m.entity_type = 'u' AND m.entity_id = k.user_id
        UNION ALL
        SELECT m.role_id FROM user_group_members g
        JOIN members m ON m.project_id = p.id AND m.entity_type = 'g' AND m.entity_id = g.group_id
        WHERE g.user_id = k.user_id
      ) one
    ) held`.execute(db)
  const found = new Map(
    result.rows.map(({ ordinal, id, name, public: isPublic, storage_limit: limit, ...held }) => [
      ordinal,
      {
        id,
        name,
        public: isPublic,
        ...toHeld(held),
        ...(limit === null ? {} : { storageLimit: limit }),
      },
    ]),
  )

  return keys.map((_, index) => found.get(index + 1))
}
