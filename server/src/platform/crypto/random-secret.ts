import { createHash, randomBytes } from 'node:crypto'

/** The characters of a random secret, for patterns and lengths. */
export const SECRET_LENGTH = 43

const FORM = /^[A-Za-z0-9_-]{43}$/

/** A secret that nobody chose: 256 random bits in base64url. It cannot be guessed, so a plain hash keeps it. */
export function newRandomSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** Whether the text has the form of one. */
export function isRandomSecret(text: string): boolean {
  return FORM.test(text)
}

/** What is stored in its place: whoever reads the table cannot become anybody. */
export function hashRandomSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}
