import type { ProjectContext } from '../access/model.ts'
import type { Database } from '../platform/db/database.ts'
import { roleOf } from './model.ts'

/** The live projects that the user is a member of, each with his roles there: what decisions about them take. */
export async function findParticipations(db: Database, userId: number): Promise<ProjectContext[]> {
  const rows = await db
    .selectFrom('members')
    .innerJoin('projects', 'projects.id', 'members.project_id')
    .select(['projects.id', 'projects.public', 'members.role_id'])
    .where('members.entity_type', '=', 'u')
    .where('members.entity_id', '=', userId)
    .where('projects.deletion_time', 'is', null)
    .execute()

  return rows.map((row) => ({ id: row.id, public: row.public, roles: [roleOf(row.role_id)] }))
}
