import type { PermissionSet, Principal, ProjectContext } from './model.ts'
import {
  type Permission,
  PROJECT_PERMISSIONS,
  type ProjectPermission,
  PUBLIC_PERMISSIONS,
  ROLE_PERMISSIONS,
  SIGNED_IN_PERMISSIONS,
  type SystemPermission,
} from './permissions.ts'

const SIGNED_IN: ReadonlySet<Permission> = new Set(SIGNED_IN_PERMISSIONS)

/**
 * Whether the caller may do this: the one place where that is decided. With a project it is about that
 * project, without one about the system. Roles and grants count for those who have signed in only, and
 * what an access token leaves out its owner may not do with it.
 */
export function decide(principal: Principal, permission: Permission, project?: ProjectContext): boolean {
  return project === undefined
    ? decideInSystem(principal, permission as SystemPermission)
    : decideInProject(principal, permission as ProjectPermission, project)
}

/** Whether the caller may do this in any project whatever: who may hears that one is missing. */
export function decideEverywhere(principal: Principal, wanted: Permission): boolean {
  const permission = wanted as ProjectPermission
  switch (principal.kind) {
    case 'anonymous':
      return false
    case 'robot':
      return principal.permissions.everyProject.has(permission)
    case 'user': {
      const { sysadmin, grants, limits } = principal
      if (limits && !limits.everyProject.has(permission)) return false
      return sysadmin || grants?.everyProject.has(permission) === true
    }
  }
}

/** Everything the caller may do in the project. */
export function permissionsIn(principal: Principal, project: ProjectContext): ProjectPermission[] {
  return PROJECT_PERMISSIONS.filter((permission) => decide(principal, permission, project))
}

function decideInSystem(principal: Principal, permission: SystemPermission): boolean {
  switch (principal.kind) {
    case 'anonymous':
      return false
    case 'robot':
      // Robots create projects only where they were given that; the rest is for whoever has signed in.
      if (permission !== 'project:create' && SIGNED_IN.has(permission)) return true
      return principal.permissions.system.has(permission)
    case 'user': {
      const { sysadmin, grants, limits } = principal
      if (limits && !limits.system.has(permission)) return false
      return sysadmin || SIGNED_IN.has(permission) || grants?.system.has(permission) === true
    }
  }
}

function decideInProject(
  principal: Principal,
  permission: ProjectPermission,
  project: ProjectContext,
): boolean {
  if (project.public && PUBLIC_PERMISSIONS.has(permission)) return true
  switch (principal.kind) {
    case 'anonymous':
      return false
    case 'robot':
      return holdsInProject(principal.permissions, permission, project.id)
    case 'user': {
      const { sysadmin, grants, limits } = principal
      if (limits && !holdsInProject(limits, permission, project.id)) return false
      if (sysadmin || project.roles.some((role) => ROLE_PERMISSIONS[role].has(permission))) return true
      if (project.granted?.has(permission)) return true
      return grants !== undefined && holdsInProject(grants, permission, project.id)
    }
  }
}

function holdsInProject(set: PermissionSet, permission: ProjectPermission, projectId: number): boolean {
  return set.everyProject.has(permission) || set.projects.get(projectId)?.has(permission) === true
}
