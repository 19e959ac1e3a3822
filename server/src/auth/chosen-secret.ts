import type { Passwords } from '../users/passwords.ts'
import type { Remembered } from './remembered.ts'
import type { Throttle } from './throttle.ts'

/** What checking secrets that people chose needs: these can be guessed, so it is slow and counted. */
export interface ChosenSecretDeps {
  passwords: Passwords
  throttle: Throttle
  remembered: Remembered
  /** Verifications on their way, by the key of what is verified. */
  underWay: Map<string, Promise<SecretOutcome>>
}

export interface ShownSecret {
  /** Names the account for throttling, whether there is one or not. */
  account: string
  /** Undefined or null where there is nothing to compare with: costs as much, and is wrong. */
  hash: string | null | undefined
  secret: string
  /** The client's, for throttling. */
  address: string
  /** Told where the hash is of a scheme of old, and the secret is right. */
  renew(hash: string): Promise<void>
}

export type SecretOutcome =
  | { result: 'right' }
  | { result: 'wrong' }
  /** Not even looked at: too many wrong ones before; milliseconds until the next is. */
  | { result: 'throttled'; wait: number }

const ANYWHERE = ''

/**
 * Whether the secret is the account's. One verified within the last minute is not hashed again. Throws
 * unavailable where too many others are logging in.
 */
export async function checkChosenSecret(deps: ChosenSecretDeps, shown: ShownSecret): Promise<SecretOutcome> {
  const { account, hash, secret, address } = shown
  const wait = deps.throttle.refusal(account, address)
  if (wait > 0) return { result: 'throttled', wait }

  const here = deps.remembered.key(account, hash ?? '', secret, address)
  if (hash && deps.remembered.has(here)) return { result: 'right' }
  // The same secret from the same address at the same time is one attempt: a farm of builders starts at once.
  const others = deps.underWay.get(here)
  if (others !== undefined) return others
  const attempt = verify(deps, shown, here).finally(() => deps.underWay.delete(here))
  deps.underWay.set(here, attempt)
  return attempt
}

async function verify(
  deps: ChosenSecretDeps,
  { account, hash, secret, address, renew }: ShownSecret,
  here: string,
): Promise<SecretOutcome> {
  const attempt = deps.throttle.enter(account, address)
  if (attempt.refused !== undefined) return { result: 'throttled', wait: attempt.refused }

  const anywhere = deps.remembered.key(account, hash ?? '', secret, ANYWHERE)
  let outdated = false
  try {
    if (!hash || !deps.remembered.has(anywhere)) {
      const verdict = await deps.passwords.verify(hash, secret)
      outdated = verdict.outdated
      if (!hash || !verdict.ok) {
        attempt.failed()
        return { result: 'wrong' }
      }
    }
  } catch (error) {
    attempt.abandoned()
    throw error
  }
  attempt.succeeded()
  deps.remembered.add(here)
  deps.remembered.add(anywhere)
  if (outdated && hash) await renew(hash)
  return { result: 'right' }
}
