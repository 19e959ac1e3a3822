import type { Logger } from 'pino'
import type { Database } from '../../platform/db/database.ts'
import type { User } from '../../users/model.ts'
import { findLogin, replacePasswordHash } from '../../users/store.ts'
import { type ChosenSecretDeps, checkChosenSecret } from '../chosen-secret.ts'

export interface LocalDeps extends ChosenSecretDeps {
  db: Database
  log: Logger
}

export interface Login {
  /** The user name or the e-mail address. */
  username: string
  password: string
  /** The client's, for throttling. */
  address: string
}

export type LoginOutcome =
  | { result: 'accepted'; user: User }
  | { result: 'wrong' }
  /** Not even looked at: too many wrong ones before; milliseconds until the next is. */
  | { result: 'throttled'; wait: number }

/**
 * Whether this is the password of a local user, who is looked up live. Unknown and disabled users cost as much
 * time as known ones. Throws unavailable where too many others are logging in.
 */
export async function loginLocally(deps: LocalDeps, login: Login): Promise<LoginOutcome> {
  const { username, password, address } = login
  // No name has a NUL, and PostgreSQL takes none.
  const stored = username.includes('\u0000') ? undefined : await findLogin(deps.db, username)
  const outcome = await checkChosenSecret(deps, {
    // One user is one account, by whichever of his names.
    account: stored ? `id ${stored.user.id}` : `name ${username}`,
    hash: stored?.passwordHash,
    secret: password,
    address,
    renew: (hash) => renewHash(deps, stored?.user.id ?? 0, hash, password),
  })
  if (outcome.result !== 'right') return outcome
  return stored && !stored.user.disabled ? { result: 'accepted', user: stored.user } : { result: 'wrong' }
}

/**
 * A hash of a scheme of old, or of a former system, becomes one of ours now that the password is known. The
 * login does not depend on it: the next one tries again.
 */
async function renewHash(deps: LocalDeps, userId: number, hash: string, password: string): Promise<void> {
  try {
    await replacePasswordHash(deps.db, userId, hash, await deps.passwords.hash(password))
  } catch (error) {
    deps.log.warn({ err: error, userId }, 'the password hash could not be renewed')
  }
}
