import type { Actor } from '../access/model.ts'

interface SessionEvent {
  userId: number
  username: string
  actor: Actor
}

interface LoginFailed {
  /** Empty where very many different names were tried. */
  username: string
  attempts: number
  /** Whoever it was: no id, for nobody has logged in. */
  actor?: { username: string; address: string }
}

interface SessionRevoked extends SessionEvent {
  sessionId: number
}

interface AccessTokenEvent extends SessionEvent {
  tokenId: number
  /** Of the token. */
  name: string
}

declare module '../platform/events/catalogue.ts' {
  interface EventPayloads {
    /** A user began a session. */
    'user.logged_in': SessionEvent
    /** A user ended his session. */
    'user.logged_out': SessionEvent
    /** Logins failed: the first at once, the further ones of a minute together. */
    'user.login_failed': LoginFailed
    /** A session was ended by its user elsewhere, or by an administrator. */
    'session.revoked': SessionRevoked
    /** A user made an access token. */
    'access_token.created': AccessTokenEvent
    /** An access token is worth nothing any more. */
    'access_token.revoked': AccessTokenEvent
  }
}
