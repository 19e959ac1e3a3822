import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { succeed } from '../../tests/harness/command.ts'
import type { Access } from './peer.ts'

export const ISSUER = 'bench'
export const SERVICE = 'bench'

/** Plays the token service of peers that have none: its key, and the tokens that it would give. */
export interface Signer {
  /** PEM of a certificate with the public key. */
  certificate: string
  /** The public key as a JSON Web Key Set. */
  keys: string
  tokenFor(access: readonly object[]): string
}

/** `keyId` is what the peer calls the key: Distribution 2 by a way of its own, others by any name. */
export async function openSigner(directory: string, keyId: 'name' | 'libtrust'): Promise<Signer> {
  const [key, certificate, keys] = ['signer.key', 'signer.crt', 'signer.jwks'].map((name) =>
    path.join(directory, name),
  ) as [string, string, string]
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=bench']
  await succeed('openssl', [...request, '-keyout', key, '-out', certificate])
  const privateKey = createPrivateKey(await readFile(key))
  const publicKey = createPublicKey(privateKey)
  const kid = keyId === 'name' ? 'bench' : libtrustId(publicKey.export({ type: 'spki', format: 'der' }))
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' }
  await writeFile(keys, JSON.stringify({ keys: [jwk] }))

  return {
    certificate,
    keys,
    tokenFor: (access) => {
      const now = Math.floor(Date.now() / 1000)
      const claims = { iss: ISSUER, sub: 'bench', aud: SERVICE, exp: now + 86_400, nbf: now - 60, iat: now }
      const text = [
        { typ: 'JWT', alg: 'RS256', kid },
        { ...claims, jti: 'bench', access },
      ]
        .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
        .join('.')
      return `${text}.${sign('sha256', Buffer.from(text), privateKey).toString('base64url')}`
    },
  }
}

/** What a peer with (or without) a signer lets one do. */
export function accessOf(signer: Signer | undefined) {
  const headers = (access: object[]): Record<string, string> =>
    signer === undefined ? {} : { Authorization: `Bearer ${signer.tokenFor(access)}` }
  return {
    open: async (name: string): Promise<Access> => {
      const repository = `bench/${name}`
      return {
        repository,
        headers: headers([{ type: 'repository', name: repository, actions: ['pull', 'push'] }]),
      }
    },
    openAnonymously: async (name: string): Promise<Access> => ({ repository: `bench/${name}`, headers: {} }),
    openCatalog: async () => headers([{ type: 'registry', name: 'catalog', actions: ['*'] }]),
  }
}

/** SHA-256 of the key, its first 240 bits in base 32, in groups of four. */
function libtrustId(spki: Buffer): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const bits = [...createHash('sha256').update(spki).digest().subarray(0, 30)]
    .map((byte) => byte.toString(2).padStart(8, '0'))
    .join('')
  const letters = bits.match(/.{5}/g)?.map((five) => alphabet[Number.parseInt(five, 2)]) ?? []
  return letters.join('').match(/.{4}/g)?.join(':') ?? ''
}
