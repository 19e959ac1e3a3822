import { createHmac, randomBytes } from 'node:crypto'
import { createLru } from '../lib/lru.ts'

/**
 * Passwords that have been verified a moment ago, so that Basic on every request does not cost a slow hash
 * each. Kept is an HMAC under a key that lives and dies with the process; the stored hash goes into it, so a
 * changed password is not remembered.
 */
export interface Remembered {
  /** Names one password of one account, as seen from `address` or from anywhere. */
  key(account: string, storedHash: string, password: string, address: string): string
  has(key: string): boolean
  add(key: string): void
}

/** Milliseconds. */
const LIFETIME = 60_000
const CAPACITY = 20_000

/** @param now milliseconds */
export function createRemembered(now: () => number): Remembered {
  const secret = randomBytes(32)
  const until = createLru<string, number>(CAPACITY, () => 1)

  return {
    key(account, storedHash, password, address) {
      // As JSON, so that no two lists of parts read the same.
      const parts = JSON.stringify([account, storedHash, password, address])
      return createHmac('sha256', secret).update(parts).digest('base64')
    },
    has: (key) => (until.get(key) ?? 0) > now(),
    add: (key) => until.set(key, now() + LIFETIME),
  }
}
