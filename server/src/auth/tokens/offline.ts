import type { Principal, UserPrincipal } from '../../access/model.ts'
import { hashRandomSecret, newRandomSecret } from '../../platform/crypto/random-secret.ts'
import type { Database } from '../../platform/db/database.ts'
import { findUser } from '../../users/store.ts'
import { principalOf } from '../model.ts'
import { deleteDeadOfflineTokens, extendOfflineToken, findOfflineToken, insertOfflineToken } from './store.ts'

export interface OfflineDeps {
  db: Database
  now: () => Date
  /** A token ends so long after it was last used. */
  offlineTokenDays: number
}

const DAY = 24 * 60 * 60_000
/** A client that logs in over and over collects tokens: of each user so many are kept. */
const KEEP = 100_000
/** What clients call themselves is theirs to choose, but not at any length. */
const MAX_CLIENT_ID = 255

/**
 * Whether offline tokens are given to the caller: to users who have shown their password, and to nobody whose
 * secret is a token itself.
 */
export function mayGoOffline(principal: Principal): principal is UserPrincipal {
  return principal.kind === 'user' && principal.limits === undefined
}

/**
 * An offline (refresh) token: stands for the user's password at the token service. It ends with a change of
 * the password, with the user, or when it is not used for long. Only its hash is kept.
 */
export async function issueOfflineToken(
  deps: OfflineDeps,
  user: UserPrincipal,
  clientId: string,
): Promise<string> {
  const token = newRandomSecret()
  const creationTime = deps.now()
  await insertOfflineToken(deps.db, hashRandomSecret(token), {
    userId: user.id,
    userGeneration: user.generation,
    clientId: clientId.replaceAll('\u0000', '').slice(0, MAX_CLIENT_ID),
    creationTime,
    expiryTime: new Date(creationTime.getTime() + deps.offlineTokenDays * DAY),
  })
  return token
}

/** Whose token it is, if it still counts. Asked for live. */
export async function redeemOfflineToken(
  deps: OfflineDeps,
  token: string,
): Promise<UserPrincipal | undefined> {
  const stored = await findOfflineToken(deps.db, hashRandomSecret(token))
  const now = deps.now().getTime()
  if (!stored || stored.expiryTime.getTime() <= now) return undefined
  const user = await findUser(deps.db, stored.userId)
  if (!user || user.disabled || user.generation !== stored.userGeneration) return undefined

  // Written down only when half of its time has passed.
  const lifetime = deps.offlineTokenDays * DAY
  if (stored.expiryTime.getTime() - now < lifetime / 2) {
    await extendOfflineToken(deps.db, hashRandomSecret(token), new Date(now + lifetime))
  }
  return principalOf(user)
}

/** Removes tokens that no longer count. To be called now and then. */
export async function purgeOfflineTokens(deps: Pick<OfflineDeps, 'db' | 'now'>): Promise<number> {
  return deleteDeadOfflineTokens(deps.db, deps.now(), KEEP)
}
