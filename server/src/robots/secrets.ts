import { timingSafeEqual } from 'node:crypto'
import { hashRandomSecret, newRandomSecret, SECRET_LENGTH } from '../platform/crypto/random-secret.ts'
import { DomainError } from '../platform/errors.ts'

const SCHEME = '$sha256$'

/**
 * A secret that nobody chose: 256 random bits, so that a plain SHA-256 keeps it and checking it costs nothing.
 * Drawn again until it meets the rule for chosen ones, which clients may check.
 */
export function newSecret(): string {
  for (;;) {
    const secret = newRandomSecret()
    if (isStrong(secret)) return secret
  }
}

/** The stored form of a generated secret. */
export function hashGenerated(secret: string): string {
  return SCHEME + hashRandomSecret(secret).toString('base64url')
}

/** Whether the hash is of a generated secret, and of this one. */
export function matchesGenerated(hash: string | null | undefined, secret: string): boolean {
  // Compared with something in any case, and never in time that depends on where they differ.
  const known = hash?.startsWith(SCHEME) === true && secret.length === SECRET_LENGTH
  const stored = known ? Buffer.from(hash.slice(SCHEME.length), 'base64url') : Buffer.alloc(32)
  return stored.length === 32 && timingSafeEqual(stored, hashRandomSecret(secret)) && known
}

/** Throws bad-request for a secret of somebody's choice that is too easy to guess, by Harbor's rule. */
export function checkSecret(secret: string): void {
  if (isStrong(secret)) return
  throw new DomainError(
    'bad-request',
    'the secret must be 8-128, inclusively, characters long with at least 1 uppercase letter, 1 lowercase letter and 1 number',
  )
}

function isStrong(secret: string): boolean {
  const kinds = [/[A-Z]/, /[a-z]/, /[0-9]/].every((kind) => kind.test(secret))
  return secret.length >= 8 && secret.length <= 128 && kinds
}
