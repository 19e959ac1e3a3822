import type { Actor } from '../access/model.ts'

interface UserEvent {
  userId: number
  username: string
  /** Absent where the command line did it. */
  actor?: Actor
}

interface UserUpdated extends UserEvent {
  /** Where that was set. */
  sysadmin?: boolean
}

declare module '../platform/events/catalogue.ts' {
  interface EventPayloads {
    /** An account was made, by somebody or by its owner. */
    'user.created': UserEvent
    /** The profile of a user, or whether he is an administrator, was set. */
    'user.updated': UserUpdated
    /** A user has another password. */
    'user.password_changed': UserEvent
    /** A user is gone for good. */
    'user.deleted': UserEvent
  }
}
