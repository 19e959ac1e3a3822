import type { Actor } from '../access/model.ts'
import { ROLE_IDS, type Role } from '../access/roles.ts'
import type { Database } from '../platform/db/database.ts'
import { settingsOf } from '../settings/testing.ts'
import { createProject, type ProjectsDeps } from './service.ts'

/** What this slice needs of others, straight from the tables, for tests of this slice alone. */
export function projectsDeps(db: Database): ProjectsDeps {
  return {
    db,
    settings: settingsOf(),
    async countRepositories(tx, projectIds) {
      const rows = await tx
        .selectFrom('repositories')
        .select((eb) => ['project_id', eb.fn.countAll<number>().as('count')])
        .where('project_id', 'in', [...projectIds, -1])
        .groupBy('project_id')
        .execute()
      return new Map(rows.map((row) => [row.project_id, Number(row.count)]))
    },
    usedStorage: async () => 0,
    addProjectAdmin: (tx, projectId, userId) => addRole(tx, projectId, userId, 'projectAdmin'),
  }
}

/** Gives a user a role in a project. */
export async function addRole(db: Database, projectId: number, userId: number, role: Role): Promise<void> {
  await db
    .insertInto('members')
    .values({ project_id: projectId, entity_type: 'u', entity_id: userId, role_id: ROLE_IDS[role] })
    .execute()
}

/** A project and its id. */
export async function addProject(
  deps: ProjectsDeps,
  owner: Actor,
  name: string,
  isPublic = false,
): Promise<number> {
  return await createProject(deps, { name, metadata: {}, public: isPublic }, owner)
}
