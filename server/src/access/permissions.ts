import type { Role } from './model.ts'

/**
 * What a role in a project allows, each role everything of the one before it. The words are Harbor's
 * resource and action; its own resource `.` (the project itself) is `project` here.
 */
const LIMITED_GUEST = [
  'project:read',
  'quota:read',
  'repository:read',
  'repository:list',
  'repository:pull',
  'configuration:read',
  'scan:read',
  'sbom:read',
  'scanner:read',
  'tag:list',
  'accessory:list',
  'artifact:read',
  'artifact:list',
  'artifact-addition:read',
] as const

const GUEST = [
  ...LIMITED_GUEST,
  'member:read',
  'member:list',
  'label:read',
  'label:list',
  'robot:read',
  'robot:list',
] as const

const DEVELOPER = [
  ...GUEST,
  'repository:create',
  'repository:update',
  'repository:push',
  'tag-retention:create',
  'tag-retention:read',
  'tag-retention:update',
  'tag-retention:delete',
  'tag-retention:list',
  'tag-retention:operate',
  'artifact:create',
  'tag:create',
  'artifact-label:create',
  'artifact-label:delete',
  'export-cve:create',
  'export-cve:read',
  'export-cve:list',
] as const

const MAINTAINER = [
  ...DEVELOPER,
  'metadata:read',
  'label:create',
  'label:update',
  'label:delete',
  'repository:delete',
  'immutable-tag:create',
  'immutable-tag:update',
  'immutable-tag:delete',
  'immutable-tag:list',
  'notification-policy:list',
  'notification-policy:read',
  'scan:create',
  'scan:stop',
  'sbom:create',
  'sbom:stop',
  'artifact:delete',
  'tag:delete',
] as const

const PROJECT_ADMIN = [
  ...MAINTAINER,
  'project:update',
  'project:delete',
  'member:create',
  'member:update',
  'member:delete',
  'metadata:create',
  'metadata:update',
  'metadata:delete',
  'log:list',
  'configuration:update',
  'robot:create',
  'robot:update',
  'robot:delete',
  'notification-policy:create',
  'notification-policy:update',
  'notification-policy:delete',
  'scanner:create',
  'preheat-policy:create',
  'preheat-policy:read',
  'preheat-policy:update',
  'preheat-policy:delete',
  'preheat-policy:list',
] as const

/** Every permission that is decided within a project; Harbor's project administrator has them all. */
export const PROJECT_PERMISSIONS = PROJECT_ADMIN
export type ProjectPermission = (typeof PROJECT_PERMISSIONS)[number]

/** What everybody, anonymous callers included, may do in a public project. */
export const PUBLIC_PERMISSIONS: ReadonlySet<ProjectPermission> = new Set<ProjectPermission>([
  'project:read',
  'label:read',
  'label:list',
  'repository:list',
  'repository:pull',
  'configuration:read',
  'scan:read',
  'sbom:read',
  'scanner:read',
  'tag:list',
  'accessory:list',
  'artifact:read',
  'artifact:list',
  'artifact-addition:read',
])

export const ROLE_PERMISSIONS: Readonly<Record<Role, ReadonlySet<ProjectPermission>>> = {
  limitedGuest: new Set<ProjectPermission>(LIMITED_GUEST),
  guest: new Set<ProjectPermission>(GUEST),
  developer: new Set<ProjectPermission>(DEVELOPER),
  maintainer: new Set<ProjectPermission>(MAINTAINER),
  projectAdmin: new Set<ProjectPermission>(PROJECT_ADMIN),
}

/** System-wide permissions of everybody who has signed in. */
export const SIGNED_IN_PERMISSIONS = ['project:create', 'user:search', 'catalog:read', 'system:read'] as const

/** System-wide permissions of the system administrator alone. */
export const ADMINISTRATOR_PERMISSIONS = [
  'user:create',
  'user:read',
  'user:update',
  'user:delete',
  'user:list',
  'project:list-all',
  'system:configure',
  'system:read-volumes',
] as const

export type SystemPermission =
  | (typeof SIGNED_IN_PERMISSIONS)[number]
  | (typeof ADMINISTRATOR_PERMISSIONS)[number]

export type Permission = ProjectPermission | SystemPermission
