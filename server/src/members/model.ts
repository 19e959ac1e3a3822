import { ROLE_IDS, type Role } from '../access/roles.ts'
import { DomainError } from '../platform/errors.ts'

/** A user (`u`) or group (`g`) with a role in a project. */
export interface Member {
  id: number
  projectId: number
  entityType: 'u' | 'g'
  entityId: number
  entityName: string
  role: Role
}

/** Whom a membership is for. */
export interface Entity {
  type: 'u' | 'g'
  id: number
}

/** How a request names a new member. */
export type Candidate =
  | { userId: number }
  | { username: string }
  | { groupId: number }
  | { groupName: string }
  | { ldapDn: string; groupName: string | undefined }

const ROLES_BY_ID: ReadonlyMap<number, Role> = new Map(
  Object.entries(ROLE_IDS).map(([role, id]) => [id, role as Role]),
)

/** The role of that id, which the database guarantees to exist. */
export function roleOf(id: number): Role {
  const role = ROLES_BY_ID.get(id)
  if (!role) throw new Error(`there is no role ${id}`)
  return role
}

/** The role that a caller asked for by id. Throws bad-request for an id that none has. */
export function checkRole(id: number | undefined): Role {
  const role = id === undefined ? undefined : ROLES_BY_ID.get(id)
  if (!role) {
    const known = Object.entries(ROLE_IDS).map(([name, number]) => `${number} (${name})`)
    throw new DomainError('bad-request', `role_id must be one of ${known.join(', ')}`)
  }
  return role
}
