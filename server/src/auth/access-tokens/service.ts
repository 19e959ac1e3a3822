import type { Actor, Principal, UserPrincipal } from '../../access/model.ts'
import type { Database } from '../../platform/db/database.ts'
import type { Page } from '../../platform/db/list.ts'
import { DomainError } from '../../platform/errors.ts'
import { emit } from '../../platform/events/outbox.ts'
import { findUser } from '../../users/store.ts'
import { principalOf } from '../model.ts'
import type { States } from '../states.ts'
import type { LastUses } from './last-uses.ts'
import {
  type AccessToken,
  checkTokenName,
  hashAccessToken,
  isAccessToken,
  isInForce,
  limitsOf,
  newAccessToken,
  type Scope,
} from './model.ts'
import * as store from './store.ts'

export interface AccessTokensDeps {
  db: Database
  now: () => Date
  lastUses: LastUses
  tokenStates: States<AccessToken>
}

/** Of one user; whoever needs more has something else in mind. */
const MOST = 1000

/**
 * Whose token it is, narrowed to what it allows; undefined where it is none, is at its end, or its owner is
 * gone or disabled. Asked for live. With `username`, it must be that user's.
 */
export async function redeemAccessToken(
  deps: AccessTokensDeps,
  token: string,
  username?: string,
): Promise<UserPrincipal | undefined> {
  if (!isAccessToken(token)) return undefined
  const found = await store.findByHash(deps.db, hashAccessToken(token))
  const now = deps.now()
  if (!found || !isInForce(found, now)) return undefined
  const user = await findUser(deps.db, found.userId)
  if (!user || user.disabled) return undefined
  if (username !== undefined && username !== user.username && username !== user.email) return undefined
  deps.lastUses.note(found.id, now)
  return narrowed(principalOf(user), found)
}

/** The user as he is with this token in his hand. */
export function narrowed(principal: UserPrincipal, token: AccessToken): UserPrincipal {
  return { ...principal, limits: limitsOf(token), accessToken: token.id }
}

/**
 * Makes a token for the user himself, and answers it; it is never told again. Throws bad-request for what the
 * rules refuse, conflict for a name that another of his tokens has.
 */
export async function createAccessToken(
  deps: AccessTokensDeps,
  input: { name: string; scope: Scope; expiryTime?: Date },
  actor: Actor,
): Promise<AccessToken & { token: string }> {
  const { name, scope, expiryTime } = input
  checkTokenName(name)
  const creationTime = deps.now()
  if (expiryTime && expiryTime <= creationTime) {
    throw new DomainError('bad-request', 'the token would have expired already')
  }
  if ((await store.countTokens(deps.db, actor.id)) >= MOST) {
    throw new DomainError('bad-request', `nobody has more than ${MOST} tokens`)
  }
  const token = newAccessToken()
  const row = { ...scope, userId: actor.id, name, creationTime, ...(expiryTime ? { expiryTime } : {}) }
  return await deps.db.transaction().execute(async (tx) => {
    const id = await store.insertToken(tx, row, hashAccessToken(token))
    if (id === undefined) throw new DomainError('conflict', `there is a token named ${name} already`)
    const payload = { userId: actor.id, username: actor.username, tokenId: id, name, actor }
    await emit(tx, { type: 'access_token.created', payload })
    return { ...row, id, token }
  })
}

/** One page of the user's tokens, by name, and how many he has. Throws not-found where there is no such user. */
export async function findAccessTokens(
  deps: Pick<AccessTokensDeps, 'db'>,
  userId: number,
  page: Page,
): Promise<{ tokens: AccessToken[]; total: number }> {
  if (!(await findUser(deps.db, userId))) throw new DomainError('not-found', `user ${userId} not found`)
  const [tokens, total] = await Promise.all([
    store.listTokens(deps.db, userId, page),
    store.countTokens(deps.db, userId),
  ])
  return { tokens, total }
}

/** Ends a token for good. Throws not-found also where it is another user's. */
export async function revokeAccessToken(
  deps: AccessTokensDeps,
  userId: number,
  id: number,
  actor: Actor,
): Promise<void> {
  await deps.db.transaction().execute(async (tx) => {
    const gone = await store.deleteToken(tx, userId, id)
    if (!gone) throw new DomainError('not-found', `access token ${id} not found`)
    const username = (await findUser(tx, userId))?.username ?? ''
    const payload = { userId, username, tokenId: id, name: gone.name, actor }
    await emit(tx, { type: 'access_token.revoked', payload })
  })
  deps.tokenStates.forget(id)
}

/** Whether the caller may manage tokens and sessions of his own: with a password or a session, never by a token. */
export function managesHimself(principal: Principal): principal is UserPrincipal {
  return principal.kind === 'user' && principal.limits === undefined
}
