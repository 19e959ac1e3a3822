import type { Actor } from '../access/model.ts'

interface MemberEvent {
  projectId: number
  projectName: string
  memberId: number
  /** User or group. */
  entityType: 'u' | 'g'
  entityId: number
  /** Of the user or group. */
  name: string
  actor: Actor
}

interface MemberWithRole extends MemberEvent {
  role: string
}

declare module '../platform/events/catalogue.ts' {
  interface EventPayloads {
    /** Somebody has a role in a project. */
    'member.created': MemberWithRole
    /** Somebody has another role in a project. */
    'member.updated': MemberWithRole
    /** Somebody has no role in a project any more. */
    'member.deleted': MemberEvent
  }
}
