import type { Principal, ProjectContext } from './model.ts'
import {
  type Permission,
  PROJECT_PERMISSIONS,
  type ProjectPermission,
  PUBLIC_PERMISSIONS,
  ROLE_PERMISSIONS,
  SIGNED_IN_PERMISSIONS,
} from './permissions.ts'

const SIGNED_IN: ReadonlySet<Permission> = new Set(SIGNED_IN_PERMISSIONS)

/**
 * Whether the caller may do this: the one place where that is decided. A project's permission needs the
 * project, and is refused without one; a system-wide permission ignores it. Roles count for those who
 * have signed in only.
 */
export function decide(principal: Principal, permission: Permission, project?: ProjectContext): boolean {
  if (principal.kind === 'user' && principal.sysadmin) return true
  if (principal.kind !== 'anonymous' && SIGNED_IN.has(permission)) return true
  if (project === undefined) return false

  const wanted = permission as ProjectPermission
  if (project.public && PUBLIC_PERMISSIONS.has(wanted)) return true
  return principal.kind !== 'anonymous' && project.roles.some((role) => ROLE_PERMISSIONS[role].has(wanted))
}

/** Everything the caller may do in the project. */
export function permissionsIn(principal: Principal, project: ProjectContext): ProjectPermission[] {
  return PROJECT_PERMISSIONS.filter((permission) => decide(principal, permission, project))
}
