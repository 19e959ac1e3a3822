import { ROLE_IDS, type Role } from '../access/roles.ts'

/** A user (`u`) or group (`g`) with a role in a project. */
export interface Member {
  id: number
  projectId: number
  entityType: 'u' | 'g'
  entityId: number
  entityName: string
  role: { id: number; name: string }
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

/** The built-in role of that id. */
export function roleOf(id: number): Role {
  const role = ROLES_BY_ID.get(id)
  if (!role) throw new Error(`there is no role ${id}`)
  return role
}
