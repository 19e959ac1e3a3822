import { permissionsIn } from '../access/decide.ts'
import { findExcess } from '../access/giving.ts'
import type { Principal } from '../access/model.ts'
import type { Database } from '../platform/db/database.ts'
import { compareMemberships } from './surpassing-store.ts'

/**
 * Whether the user may do more than the caller in any project that he is a member of, himself or by his groups. What
 * everybody may in a public project does not excuse the caller: the project may be private tomorrow.
 */
export async function surpassesInProjects(
  db: Database,
  principal: Principal,
  userId: number,
): Promise<boolean> {
  const caller = principal.kind === 'user' ? principal.id : undefined
  const pairs = await compareMemberships(db, userId, caller, projectsNamedBy(principal))
  const plain: Principal = { kind: 'user', id: userId, username: '', sysadmin: false, generation: 0 }

  return pairs.some(({ his, own }) => {
    const project = permissionsIn(plain, his)
    return findExcess(principal, { system: [], project }, own) !== undefined
  })
}

/** The projects in which the caller has something apart from being a member. */
function projectsNamedBy(principal: Principal): number[] {
  switch (principal.kind) {
    case 'anonymous':
      return []
    case 'robot':
      return [...principal.permissions.projects.keys()]
    case 'user':
      return [...(principal.grants?.projects.keys() ?? []), ...(principal.limits?.projects.keys() ?? [])]
  }
}
