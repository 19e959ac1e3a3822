import { findExcess } from '../access/giving.ts'
import type { Principal, ProjectContext } from '../access/model.ts'
import { ROLE_IDS } from '../access/roles.ts'
import type { Database } from '../platform/db/database.ts'
import { DomainError } from '../platform/errors.ts'
import type { Role } from '../roles/model.ts'
import { findRole } from '../roles/store.ts'

/**
 * The role that a caller wants to give to a member of the project; nobody widens it until the transaction ends.
 * Throws bad-request for an id that no role of projects has, forbidden where it allows more than the caller
 * may in this project.
 */
export async function findGivenRole(
  db: Database,
  principal: Principal,
  project: ProjectContext,
  id: number | undefined,
): Promise<Role> {
  const role = id === undefined || !isId(id) ? undefined : await findRole(db, id, 'share')
  if (role?.level !== 'project') {
    const known = Object.entries(ROLE_IDS).map(([name, number]) => `${number} (${name})`)
    throw new DomainError('bad-request', `role_id must be one of ${known.join(', ')}, or a role of projects`)
  }
  const excess = findExcess(principal, role.allows, project)
  if (excess !== undefined) {
    throw new DomainError('forbidden', `nobody may give more than he has himself: ${excess}`)
  }
  return role
}

/** Whether the column could hold it. */
function isId(id: number): boolean {
  return id > 0 && id <= 2 ** 31 - 1
}
