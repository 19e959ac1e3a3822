import { type RawBuilder, sql } from 'kysely'
import type { ProjectContext } from '../access/model.ts'
import type { Database } from '../platform/db/database.ts'
import { toHeld, wordsOf } from './held-store.ts'

/** A project as two users stand to it. */
export interface MembershipPair {
  his: ProjectContext
  own: ProjectContext
}

/**
 * How the user and the caller stand to each live project that the user is a member of: one project for all in which both
 * stand alike, so that the answer is as long as there are combinations of roles, not projects. Those of `apart` are
 * told one by one.
 */
export async function compareMemberships(
  db: Database,
  userId: number,
  callerId: number | undefined,
  apart: readonly number[],
): Promise<MembershipPair[]> {
  const { rows } = await sql<{
    id: number
    his_roles: number[]
    his_words: string[] | null
    own_roles: number[] | null
    own_words: string[] | null
  }>`
    SELECT pair.*, ${wordsOf(sql.ref('pair.his_roles'))} AS his_words, ${wordsOf(sql.ref('pair.own_roles'))} AS own_words
    FROM (
      SELECT min(p.id) AS id, his.roles AS his_roles, own.roles AS own_roles
      FROM (${rolesOf(userId)}) his
      JOIN projects p ON p.id = his.project_id AND p.deletion_time IS NULL
      LEFT JOIN (${rolesOf(callerId ?? null)}) own ON own.project_id = his.project_id
      GROUP BY his.roles, own.roles, CASE WHEN p.id = ANY(${[...apart]}::bigint[]) THEN p.id END
    ) pair`.execute(db)

  return rows.map((row) => ({
    his: { id: row.id, public: false, ...toHeld({ roles: row.his_roles, words: row.his_words }) },
    own: { id: row.id, public: false, ...toHeld({ roles: row.own_roles, words: row.own_words }) },
  }))
}

function rolesOf(userId: number | null): RawBuilder<unknown> {
  return sql`SELECT project_id, array_agg(DISTINCT role_id) AS roles FROM (
      SELECT project_id, role_id FROM members WHERE entity_type = 'u' AND entity_id = ${userId}::bigint
      UNION ALL
      SELECT m.project_id, m.role_id FROM user_group_members g
      JOIN members m ON m.entity_type = 'g' AND m.entity_id = g.group_id
      WHERE g.user_id = ${userId}::bigint
    ) one GROUP BY project_id`
}
