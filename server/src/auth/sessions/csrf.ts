import { randomBytes, timingSafeEqual } from 'node:crypto'

/**
 * The guard against requests that other sites make a browser send: the browser keeps a secret in a cookie,
 * and shows in a header that the page knows it too. The header's value is another one each time (the secret
 * masked by random bytes), so that compression of an answer cannot give it away.
 */

const BYTES = 32

export function newCsrfSecret(): string {
  return randomBytes(BYTES).toString('base64url')
}

/** Whether it has the form of a secret. */
export function isCsrfSecret(text: string | undefined): text is string {
  return text !== undefined && /^[A-Za-z0-9_-]{43}$/.test(text)
}

/** A token that proves the secret: mask, and secret under the mask, in base64. */
export function maskCsrfSecret(secret: string): string {
  const mask = randomBytes(BYTES)
  return Buffer.concat([mask, xor(Buffer.from(secret, 'base64url'), mask)]).toString('base64')
}

export function provesCsrfSecret(token: string, secret: string): boolean {
  const bytes = Buffer.from(token, 'base64')
  if (bytes.length !== 2 * BYTES) return false
  return timingSafeEqual(
    xor(bytes.subarray(0, BYTES), bytes.subarray(BYTES)),
    Buffer.from(secret, 'base64url'),
  )
}

function xor(a: Buffer, b: Buffer): Buffer {
  return Buffer.from(a.map((byte, at) => byte ^ (b[at] ?? 0)))
}
