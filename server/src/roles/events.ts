import type { Allowance } from '../access/giving.ts'
import type { Actor } from '../access/model.ts'

interface RoleEvent {
  roleId: number
  name: string
  actor: Actor
}

interface RoleCreated extends RoleEvent {
  level: 'project' | 'system'
  /** Permissions of the system and in projects. */
  allows: Allowance
}

interface RoleUpdated extends RoleCreated {
  formerName: string
}

interface RoleDeleted extends RoleEvent {
  /** How many had it. */
  holders: number
}

interface RoleBinding extends RoleEvent {
  /** User or group. */
  entityType: 'u' | 'g'
  entityId: number
  entityName: string
}

declare module '../platform/events/catalogue.ts' {
  interface EventPayloads {
    /** A role was made. */
    'role.created': RoleCreated
    /** Name, description or permissions of a role were set. */
    'role.updated': RoleUpdated
    /** A role is gone, also for those who had it. */
    'role.deleted': RoleDeleted
    /** Somebody has a role of the system. */
    'role.bound': RoleBinding
    /** Somebody has a role of the system no longer. */
    'role.unbound': RoleBinding
  }
}
