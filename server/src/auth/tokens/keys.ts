import { generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { calculateJwkThumbprint, type JWK } from 'jose'
import type { SecretBox } from '../../platform/crypto/secret-box.ts'
import type { Database } from '../../platform/db/database.ts'
import { FatalError } from '../../platform/errors.ts'
import { deleteRetiredKeys, insertKey, listKeys, lockKeys, retireActiveKey, type StoredKey } from './store.ts'

export interface KeysDeps {
  db: Database
  /** Seals the private parts. */
  box: SecretBox
  now: () => Date
}

const MODULUS_BITS = 2048
/** A retired key counts no longer than this, however long the tokens that it has signed may live. Milliseconds. */
export const USELESS_AFTER = 2 * 24 * 60 * 60_000
const generate = promisify(generateKeyPair)

/**
 * Makes the first signing key where there is none: some 100 ms in a thread of the pool, at first start only.
 * Safe against other processes that start at the same time. Throws FatalError where the key there was sealed
 * with a secret key that is not this one.
 */
export async function ensureSigningKey(deps: KeysDeps): Promise<void> {
  const active = await findActive(deps)
  if (active) return checkOpens(deps, active)
  await insertKey(deps.db, await newKey(deps), deps.now())
}

/**
 * Makes a new signing key; the one before retires. Running processes sign with the new one within
 * `KEY_REFRESH`, and go on accepting tokens of the retired one until the last of them has expired.
 *
 * @param options.distrust removes all former keys: no token signed by them is accepted any longer, for a key
 * that has become known
 * @returns the new key's id
 */
export async function rotateSigningKey(
  deps: KeysDeps,
  options: { distrust?: boolean } = {},
): Promise<string> {
  const key = await newKey(deps)
  await deps.db.transaction().execute(async (tx) => {
    await lockKeys(tx)
    await retireActiveKey(tx, deps.now())
    const age = options.distrust === true ? 0 : USELESS_AFTER
    await deleteRetiredKeys(tx, new Date(deps.now().getTime() - age))
    await insertKey(tx, key, deps.now())
  })
  return key.kid
}

/** The place that a private key is sealed for. */
export function sealContext(kid: string): string {
  return `signing-key:${kid}`
}

async function findActive(deps: KeysDeps): Promise<StoredKey | undefined> {
  return (await listKeys(deps.db, deps.now())).find((key) => key.retirementTime === null)
}

function checkOpens(deps: KeysDeps, key: StoredKey): void {
  try {
    deps.box.open(key.privateSealed, sealContext(key.kid))
  } catch (cause) {
    throw new FatalError(
      'the token signing key in the database was sealed with another secret key; restore that one, or run `portolan keys rotate`',
      { cause },
    )
  }
}

async function newKey(deps: KeysDeps): Promise<Omit<StoredKey, 'retirementTime'>> {
  const { publicKey, privateKey }: { publicKey: KeyObject; privateKey: KeyObject } = await generate('rsa', {
    modulusLength: MODULUS_BITS,
  })
  const publicJwk = publicKey.export({ format: 'jwk' })
  // RFC 7638: the id follows from the key.
  const kid = await calculateJwkThumbprint(publicJwk as JWK)
  const plain = privateKey.export({ format: 'der', type: 'pkcs8' })
  return { kid, publicJwk: { ...publicJwk }, privateSealed: deps.box.seal(plain, sealContext(kid)) }
}
