import type { UserPrincipal } from '../../access/model.ts'
import { hashRandomSecret, isRandomSecret, newRandomSecret } from '../../platform/crypto/random-secret.ts'
import type { Database } from '../../platform/db/database.ts'
import { emit } from '../../platform/events/outbox.ts'
import type { User } from '../../users/model.ts'
import { findUser } from '../../users/store.ts'
import { principalOf } from '../model.ts'
import { deleteExpiredSessions, deleteSession, extendSession, findSession, insertSession } from './store.ts'

export interface SessionsDeps {
  db: Database
  now: () => Date
  /** A session ends so long after it was last used. */
  sessionMinutes(): number
}

/** However much it is used, a session ends after a day. */
const LONGEST_MINUTES = 24 * 60

/** Logs the user in: answers the id of a new session. The one that the browser had before ends. */
export async function startSession(
  deps: SessionsDeps,
  user: User,
  { before, address }: { before?: string | undefined; address: string },
): Promise<string> {
  const id = newRandomSecret()
  const creationTime = deps.now()
  await deps.db.transaction().execute(async (tx) => {
    await insertSession(tx, hashRandomSecret(id), {
      userId: user.id,
      userGeneration: user.generation,
      creationTime,
      expiryTime: expiry(deps, creationTime, creationTime),
      address,
    })
    if (before !== undefined && isRandomSecret(before)) await deleteSession(tx, hashRandomSecret(before))
    await emit(tx, { type: 'user.logged_in', payload: told(user, address) })
  })
  return id
}

/**
 * Who has logged in with this id. Session and user are asked for live: whoever is deleted, disabled, or has
 * another password since, is nobody from then on.
 *
 * @param renew whether this use puts off the end of the session
 */
export async function findSessionPrincipal(
  deps: SessionsDeps,
  id: string,
  renew = true,
): Promise<UserPrincipal | undefined> {
  if (!isRandomSecret(id)) return undefined
  const session = await findSession(deps.db, hashRandomSecret(id))
  const now = deps.now()
  if (!session || session.expiryTime <= now) return undefined
  const user = await findUser(deps.db, session.userId)
  if (!user || user.disabled || user.generation !== session.userGeneration) return undefined

  // Written down only when half of its time has passed: most requests of a session write nothing.
  const extended = expiry(deps, session.creationTime, now)
  const left = session.expiryTime.getTime() - now.getTime()
  if (renew && left < (deps.sessionMinutes() * 60_000) / 2 && extended > session.expiryTime) {
    await extendSession(deps.db, hashRandomSecret(id), extended)
  }
  return principalOf(user)
}

/** Logs out whoever has logged in with this id. */
export async function endSession(deps: SessionsDeps, id: string, address: string): Promise<void> {
  const principal = await findSessionPrincipal(deps, id)
  if (!isRandomSecret(id)) return
  await deps.db.transaction().execute(async (tx) => {
    await deleteSession(tx, hashRandomSecret(id))
    if (principal) await emit(tx, { type: 'user.logged_out', payload: told(principal, address) })
  })
}

function told({ id, username }: { id: number; username: string }, address: string) {
  return { userId: id, username, actor: { id, username, address } }
}

/** Removes sessions that have expired. To be called now and then. */
export async function purgeSessions(deps: Pick<SessionsDeps, 'db' | 'now'>): Promise<number> {
  return deleteExpiredSessions(deps.db, deps.now())
}

function expiry(deps: SessionsDeps, creation: Date, now: Date): Date {
  const minutes = deps.sessionMinutes()
  const idle = now.getTime() + minutes * 60_000
  const longest = creation.getTime() + Math.max(LONGEST_MINUTES, minutes) * 60_000
  return new Date(Math.min(idle, longest))
}
