import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

/** Length of the key. */
export const KEY_BYTES = 32

/**
 * Seals small secrets for the database. `context` says what the secret is (`signing-key:<kid>`): what was
 * sealed for one place does not open in another.
 */
export interface SecretBox {
  seal(plain: Uint8Array, context: string): Buffer
  /** Throws where the key is another, the context is another, or a bit has changed. */
  open(sealed: Uint8Array, context: string): Buffer
}

// Layout: version (1 byte), key id (1 byte, for the day there are several), nonce, tag, ciphertext.
const VERSION = 1
const KEY_ID = 0
const NONCE_BYTES = 12
const TAG_BYTES = 16
const HEAD_BYTES = 2 + NONCE_BYTES + TAG_BYTES

/** AES-256-GCM under `key`, with a random nonce for each secret. */
export function secretBox(key: Uint8Array): SecretBox {
  return {
    seal(plain, context) {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context))
      const body = Buffer.concat([cipher.update(plain), cipher.final()])

      return Buffer.concat([Buffer.from([VERSION, KEY_ID]), nonce, cipher.getAuthTag(), body])
    },
    open(sealed, context) {
      if (sealed.length < HEAD_BYTES || sealed[0] !== VERSION || sealed[1] !== KEY_ID) {
        throw new Error('this secret was not sealed by this key')
      }
      const nonce = sealed.subarray(2, 2 + NONCE_BYTES)
      const tag = sealed.subarray(2 + NONCE_BYTES, HEAD_BYTES)
      const decipher = createDecipheriv('aes-256-gcm', key, nonce)
        .setAAD(Buffer.from(context))
        .setAuthTag(tag)

      return Buffer.concat([decipher.update(sealed.subarray(HEAD_BYTES)), decipher.final()])
    },
  }
}
