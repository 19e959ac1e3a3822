import { pbkdf2, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { hash as argon2Hash, verify as argon2Verify } from '@node-rs/argon2'
import { createSemaphore } from '../lib/semaphore.ts'
import { tooManyLogins } from './errors.ts'

/** What verifying a password says. */
export interface Verdict {
  ok: boolean
  /** Right, but the hash is of a scheme or of parameters that new hashes do not use. */
  outdated: boolean
}

/** Turns passwords into hashes and checks them, off the main thread, a few at a time. */
export interface Passwords {
  /** The hash to store; its scheme is part of it. */
  hash(password: string): Promise<string>
  /** Without a hash (an unknown user, one without a local password) it takes as long and says no. */
  verify(hash: string | null | undefined, password: string): Promise<Verdict>
}

/** 19 MiB and two passes, the least OWASP's cheat sheet asks of argon2id: some 20 ms of one core. */
const PARAMETERS = { memoryCost: 19456, timeCost: 2, parallelism: 1 }
const CURRENT = '$argon2id$v=19$m=19456,t=2,p=1$'
/** Of no password anybody knows: verified against where there is nothing to verify. */
const DUMMY = `${CURRENT}${'A'.repeat(22)}$${'A'.repeat(43)}`

/** Harbor keeps hex(PBKDF2(password, salt, 4096 rounds, 16 bytes)), with SHA-1 up to 1.x and SHA-256 since. */
const HARBOR = /^\$harbor-(sha1|sha256)\$([^$]*)\$([0-9a-f]{32})$/
const HARBOR_ROUNDS = 4096
const HARBOR_BYTES = 16

/** Longer ones are nobody's: the longest that can be chosen has 128 characters. */
const MAX_BYTES = 1024
const WRONG: Verdict = { ok: false, outdated: false }
const deriveKey = promisify(pbkdf2)

/**
 * @param options.concurrency hashes at a time; each takes a thread of the pool that also does the file I/O
 * (four threads), so a storm of logins must not get them all
 * @param options.waiting how many may wait beyond these before `verify` and `hash` throw unavailable
 */
export function createPasswords(options: { concurrency?: number; waiting?: number } = {}): Passwords {
  const semaphore = createSemaphore(options.concurrency ?? 2, options.waiting ?? 256, tooManyLogins)

  return {
    hash: (password) => semaphore.run(() => argon2Hash(password, PARAMETERS)),
    async verify(hash, password) {
      if (Buffer.byteLength(password) > MAX_BYTES) return WRONG
      return semaphore.run(() => verifyAny(hash ?? DUMMY, password))
    },
  }
}

/** The stored form of a password that comes out of a Harbor database (`harbor_user.password`, `.salt`). */
export function harborHash(version: 'sha1' | 'sha256', salt: string, hex: string): string {
  return `$harbor-${version}$${Buffer.from(salt).toString('base64url')}$${hex}`
}

async function verifyAny(hash: string, password: string): Promise<Verdict> {
  if (hash.startsWith('$argon2')) {
    const ok = await argon2Verify(hash, password)
    return { ok, outdated: ok && !hash.startsWith(CURRENT) }
  }
  // As slow as the others, lest the time tell who was imported and has not logged in yet.
  await argon2Verify(DUMMY, password)
  const harbor = HARBOR.exec(hash)
  if (!harbor) return WRONG
  const [, digest = '', salt = '', hex = ''] = harbor
  const key = await deriveKey(password, Buffer.from(salt, 'base64url'), HARBOR_ROUNDS, HARBOR_BYTES, digest)
  const ok = timingSafeEqual(key, Buffer.from(hex, 'hex'))
  return { ok, outdated: ok }
}
