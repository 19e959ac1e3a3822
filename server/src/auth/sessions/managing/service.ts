import type { Actor } from '../../../access/model.ts'
import { hashRandomSecret } from '../../../platform/crypto/random-secret.ts'
import type { Page } from '../../../platform/db/list.ts'
import { DomainError } from '../../../platform/errors.ts'
import { emit } from '../../../platform/events/outbox.ts'
import { findUser } from '../../../users/store.ts'
import type { SessionsDeps } from '../service.ts'
import { countSessions, deleteSessionById, type ListedSession, listSessions } from '../store.ts'

/**
 * One page of the user's sessions that count, the latest first, and how many there are. Throws not-found where
 * there is no such user.
 *
 * @param secret of the session that asks, so that it can be told from the others
 */
export async function findSessions(
  deps: SessionsDeps,
  userId: number,
  secret: string | undefined,
  page: Page,
): Promise<{ sessions: ListedSession[]; total: number }> {
  const user = await findUser(deps.db, userId)
  if (!user) throw new DomainError('not-found', `user ${userId} not found`)
  const which = { userId, generation: user.generation, now: deps.now() }
  const [sessions, total] = await Promise.all([
    listSessions(deps.db, which, secret === undefined ? undefined : hashRandomSecret(secret), page),
    countSessions(deps.db, which),
  ])
  return { sessions, total }
}

/** Ends a session of the user. Throws not-found also where it is another user's. */
export async function revokeSession(
  deps: SessionsDeps,
  userId: number,
  id: number,
  actor: Actor,
): Promise<void> {
  await deps.db.transaction().execute(async (tx) => {
    if (!(await deleteSessionById(tx, userId, id))) {
      throw new DomainError('not-found', `session ${id} not found`)
    }
    const username = (await findUser(tx, userId))?.username ?? ''
    await emit(tx, { type: 'session.revoked', payload: { userId, username, sessionId: id, actor } })
  })
}
