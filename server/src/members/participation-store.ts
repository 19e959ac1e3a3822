import { sql } from 'kysely'
import type { ProjectContext } from '../access/model.ts'
import type { Database } from '../platform/db/database.ts'
import { type HeldRow, toHeld, wordsOf } from './held-store.ts'

/**
 * The live projects that the user is a member of, himself or by his groups, each with his roles there: what
 * decisions about them take.
 */
export async function findParticipations(db: Database, userId: number): Promise<ProjectContext[]> {
  const { rows } = await sql<HeldRow & { id: number; public: boolean }>`
    SELECT p.id, p.public, held.roles, ${wordsOf(sql.ref('held.roles'))} AS words
    FROM (
      SELECT project_id, array_agg(DISTINCT role_id) AS roles FROM (
        SELECT project_id, role_id FROM members WHERE entity_type = 'u' AND entity_id = ${userId}
        UNION ALL
        SELECT m.project_id, m.role_id FROM user_group_members g
        JOIN members m ON m.entity_type = 'g' AND m.entity_id = g.group_id
        WHERE g.user_id = ${userId}
      ) one
      GROUP BY project_id
    ) held
    JOIN projects p ON p.id = held.project_id
    WHERE p.deletion_time IS NULL`.execute(db)

  return rows.map(({ id, public: isPublic, ...held }) => ({ id, public: isPublic, ...toHeld(held) }))
}
