import type { Logger } from 'pino'
import type { Database } from '../../platform/db/database.ts'
import type { User } from '../../users/model.ts'
import type { Passwords } from '../../users/passwords.ts'
import { findLogin, replacePasswordHash, type StoredUser } from '../../users/store.ts'
import type { Remembered } from '../remembered.ts'
import type { Throttle } from '../throttle.ts'

export interface LocalDeps {
  db: Database
  log: Logger
  passwords: Passwords
  throttle: Throttle
  remembered: Remembered
  /** Verifications on their way, by the key of what is verified. */
  underWay: Map<string, Promise<LoginOutcome>>
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

const ANYWHERE = ''
const WRONG: LoginOutcome = { result: 'wrong' }

/**
 * Whether this is the password of a local user. The user is looked up live; a password verified within the
 * last minute is not hashed again. Unknown and disabled users cost as much time as known ones. Throws
 * unavailable where too many others are logging in.
 */
export async function loginLocally(deps: LocalDeps, login: Login): Promise<LoginOutcome> {
  const { username, password, address } = login
  // No name has a NUL, and PostgreSQL takes none.
  const stored = username.includes('\u0000') ? undefined : await findLogin(deps.db, username)
  // One user is one account, by whichever of his names.
  const account = stored ? `id ${stored.user.id}` : `name ${username}`
  const wait = deps.throttle.refusal(account, address)
  if (wait > 0) return { result: 'throttled', wait }

  const hash = stored?.passwordHash ?? ''
  const here = deps.remembered.key(account, hash, password, address)
  if (stored && deps.remembered.has(here)) return accept(stored)
  // The same password from the same address at the same time is one attempt: a farm of builders starts at once.
  const others = deps.underWay.get(here)
  if (others !== undefined) return others
  const attempt = verify(deps, login, stored, account, here).finally(() => deps.underWay.delete(here))
  deps.underWay.set(here, attempt)
  return attempt
}

async function verify(
  deps: LocalDeps,
  { password, address }: Login,
  stored: StoredUser | undefined,
  account: string,
  here: string,
): Promise<LoginOutcome> {
  const attempt = deps.throttle.enter(account, address)
  if (attempt.refused !== undefined) return { result: 'throttled', wait: attempt.refused }

  const hash = stored?.passwordHash
  const anywhere = deps.remembered.key(account, hash ?? '', password, ANYWHERE)
  let outdated = false
  try {
    if (!stored || !deps.remembered.has(anywhere)) {
      const verdict = await deps.passwords.verify(hash, password)
      outdated = verdict.outdated
      if (!stored || !verdict.ok) {
        attempt.failed()
        return WRONG
      }
    }
  } catch (error) {
    attempt.abandoned()
    throw error
  }
  attempt.succeeded()
  deps.remembered.add(here)
  deps.remembered.add(anywhere)
  if (outdated && hash) await renewHash(deps, stored.user.id, hash, password)
  return accept(stored)
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

function accept({ user }: StoredUser): LoginOutcome {
  return user.disabled ? WRONG : { result: 'accepted', user }
}
