import { decide } from '../access/decide.ts'
import type { Principal, ProjectContext } from '../access/model.ts'
import { ROLE_IDS, type Role } from '../access/roles.ts'
import { countRoles } from './list-store.ts'
import type { Project } from './model.ts'
import type { ProjectsDeps } from './service.ts'

export interface Summary {
  repositories: number
  /** Members by role; undefined for those who may not list members. */
  members: Record<Role, number> | undefined
  /** Bytes: allowed (-1 without limit) and used; undefined for those who may not see them, and without enforcement. */
  quota: { limit: number; used: number } | undefined
}

/** What the project holds, as far as the caller may know. */
export async function summarize(
  deps: ProjectsDeps,
  principal: Principal,
  project: Project,
  context: ProjectContext,
): Promise<Summary> {
  const seesMembers = decide(principal, 'member:list', context)
  const seesQuota = decide(principal, 'quota:read', context) && (deps.quotasEnforced?.() ?? true)
  const [repositories, roles, used] = await Promise.all([
    deps.countRepositories(deps.db, [project.id]),
    seesMembers ? countRoles(deps.db, project.id) : undefined,
    seesQuota ? deps.usedStorage(deps.db, project.id) : 0,
  ])
  return {
    repositories: repositories.get(project.id) ?? 0,
    members: roles && byRole(roles),
    quota: seesQuota ? { limit: project.storageLimit, used } : undefined,
  }
}

function byRole(counts: ReadonlyMap<number, number>): Record<Role, number> {
  const count = (role: Role) => counts.get(ROLE_IDS[role]) ?? 0
  return {
    projectAdmin: count('projectAdmin'),
    maintainer: count('maintainer'),
    developer: count('developer'),
    guest: count('guest'),
    limitedGuest: count('limitedGuest'),
  }
}
