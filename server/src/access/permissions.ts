import type { Role } from './roles.ts'

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

/** Permissions within a project that no role has: system administrators and robots only. */
const ROLELESS = ['metadata:list'] as const

/** Every permission that is decided within a project. Harbor's project administrator has all but the roleless. */
export const PROJECT_PERMISSIONS = [...PROJECT_ADMIN, ...ROLELESS] as const
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

/** System-wide permissions of every user who has signed in. */
export const SIGNED_IN_PERMISSIONS = [
  'project:create',
  'user:search',
  'user-group:search',
  'catalog:read',
  'system:read',
] as const

/**
 * System-wide permissions of the system administrator alone, and of robots and custom roles that are given
 * them. `role`, `access-token`, `session`, `access` and `dead-letter` are ours; the rest are Harbor's words.
 */
export const ADMINISTRATOR_PERMISSIONS = [
  'audit-log:list',
  'preheat-instance:create',
  'preheat-instance:read',
  'preheat-instance:update',
  'preheat-instance:delete',
  'preheat-instance:list',
  'project:list',
  'replication-policy:create',
  'replication-policy:read',
  'replication-policy:update',
  'replication-policy:delete',
  'replication-policy:list',
  'replication:create',
  'replication:read',
  'replication:list',
  'replication-adapter:list',
  'registry:create',
  'registry:read',
  'registry:update',
  'registry:delete',
  'registry:list',
  'scan-all:create',
  'scan-all:read',
  'scan-all:update',
  'scan-all:stop',
  'system-volumes:read',
  'garbage-collection:create',
  'garbage-collection:read',
  'garbage-collection:update',
  'garbage-collection:list',
  'garbage-collection:stop',
  'purge-audit:create',
  'purge-audit:read',
  'purge-audit:update',
  'purge-audit:list',
  'purge-audit:stop',
  'jobservice-monitor:list',
  'jobservice-monitor:stop',
  'scanner:create',
  'scanner:read',
  'scanner:update',
  'scanner:delete',
  'scanner:list',
  'label:create',
  'label:read',
  'label:update',
  'label:delete',
  'security-hub:read',
  'security-hub:list',
  'quota:read',
  'quota:list',
  'quota:update',
  'robot:create',
  'robot:read',
  'robot:update',
  'robot:delete',
  'robot:list',
  'user:create',
  'user:read',
  'user:update',
  'user:delete',
  'user:list',
  'ldap-user:create',
  'ldap-user:list',
  'user-group:create',
  'user-group:read',
  'user-group:update',
  'user-group:delete',
  'user-group:list',
  'configuration:read',
  'configuration:update',
  'role:create',
  'role:read',
  'role:update',
  'role:delete',
  'role:list',
  'access-token:list',
  'access-token:delete',
  'session:list',
  'session:delete',
  'access:explain',
  'dead-letter:list',
  'dead-letter:replay',
  'dead-letter:delete',
] as const

/** Every permission that is decided about the system. */
export const SYSTEM_PERMISSIONS = [...SIGNED_IN_PERMISSIONS, ...ADMINISTRATOR_PERMISSIONS] as const
export type SystemPermission = (typeof SYSTEM_PERMISSIONS)[number]

/** A word that both scopes have (`label:create`) means the project's where a project is given, else the system's. */
export type Permission = ProjectPermission | SystemPermission
