import { decide, decideEverywhere } from '../access/decide.ts'
import type { PermissionSet, Principal, ProjectContext } from '../access/model.ts'
import { findParticipations } from '../members/participation-store.ts'
import type { Database } from '../platform/db/database.ts'
import { listProjectIds } from '../projects/store.ts'
import type { AuditScope } from './model.ts'

/** Which entries the caller may read: everything, or what concerns the projects whose log is open to him. */
export async function scopeOf(db: Database, principal: Principal): Promise<AuditScope> {
  if (decide(principal, 'audit-log:list')) return { all: true, projectIds: [] }
  if (decideEverywhere(principal, 'log:list')) return { all: false, projectIds: await listProjectIds(db) }

  const known = principal.kind === 'user' ? await findParticipations(db, principal.id) : []
  const candidates = [...known, ...grantedProjects(setOf(principal))]
  const ids = candidates.filter((project) => decide(principal, 'log:list', project)).map(({ id }) => id)
  return { all: false, projectIds: [...new Set(ids)] }
}

function setOf(principal: Principal): PermissionSet | undefined {
  if (principal.kind === 'robot') return principal.permissions
  return principal.kind === 'user' ? principal.grants : undefined
}

/** Projects in which something is given by id, without any role. */
function grantedProjects(set: PermissionSet | undefined): ProjectContext[] {
  return [...(set?.projects.keys() ?? [])].map((id) => ({ id, public: false, roles: [] }))
}
