import type { Actor } from '../access/model.ts'

interface GroupEvent {
  groupId: number
  name: string
  actor: Actor
}

interface GroupCreated extends GroupEvent {
  /** LDAP 1, HTTP 2, OIDC 3. */
  groupType: number
}

declare module '../platform/events/catalogue.ts' {
  interface EventPayloads {
    /** A group is known: made by somebody, or told of by an identity provider. */
    'group.created': GroupCreated
    /** A group has another name. */
    'group.updated': GroupEvent
    /** A group is gone, and what its people had through it. */
    'group.deleted': GroupEvent
  }
}
