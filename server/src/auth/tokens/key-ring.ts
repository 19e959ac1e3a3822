import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import type { JWK } from 'jose'
import type { Logger } from 'pino'
import { type KeysDeps, sealContext, USELESS_AFTER } from './keys.ts'
import { listKeys, type StoredKey } from './store.ts'

/** The signing keys as this process knows them. */
export interface KeyRing {
  /** The key to sign with. */
  active(): Promise<{ kid: string; privateKey: KeyObject }>
  /** The key to verify with; one not heard of is asked for, at most once a second. */
  find(kid: string): Promise<KeyObject | undefined>
  /** Whether tokens of this key count, without asking anybody. */
  knows(kid: string): boolean
  /** The public parts, for `jwks.json`. */
  published(): Promise<JWK[]>
}

export interface KeyRingDeps extends KeysDeps {
  log: Logger
  /** Seconds that a token lives at this moment: so long a retired key still verifies, but no longer than it is kept. */
  tokenSeconds(): number
}

/** The documented bound on how long this process goes on without having heard of a new key. Milliseconds. */
const KEY_REFRESH = 10_000
/** Unknown ids are cheap to make up: they cause so much work and no more. Milliseconds. */
const ASK_AGAIN = 1000
/** A replica that has not heard of the retirement signs on for a moment, on a clock that may differ. */
const GRACE = 60_000

interface Entry {
  publicKey: KeyObject
  stored: StoredKey
}

export function createKeyRing(deps: KeyRingDeps): KeyRing {
  const now = () => deps.now().getTime()
  const outlives = () => Math.min(deps.tokenSeconds() * 1000 + GRACE, USELESS_AFTER)
  let entries = new Map<string, Entry>()
  let signing: { kid: string; privateKey: KeyObject } | undefined
  let loaded = Number.NEGATIVE_INFINITY
  let asked = Number.NEGATIVE_INFINITY
  let loading: Promise<void> | undefined

  async function load(): Promise<void> {
    asked = now()
    const rows = await listKeys(deps.db, new Date(asked - outlives()))
    const next = new Map<string, Entry>()
    for (const stored of rows) {
      const publicKey = entries.get(stored.kid)?.publicKey ?? toPublicKey(stored)
      next.set(stored.kid, { publicKey, stored })
    }
    const active = rows.find((row) => row.retirementTime === null)
    if (active?.kid !== signing?.kid) signing = active && open(active)
    entries = next
    loaded = asked
  }

  function refresh(): Promise<void> {
    loading ??= load().finally(() => {
      loading = undefined
    })
    return loading
  }

  function open(stored: StoredKey): { kid: string; privateKey: KeyObject } {
    const plain = deps.box.open(stored.privateSealed, sealContext(stored.kid))
    return { kid: stored.kid, privateKey: createPrivateKey({ key: plain, format: 'der', type: 'pkcs8' }) }
  }

  function valid(kid: string): Entry | undefined {
    const entry = entries.get(kid)
    const retired = entry?.stored.retirementTime
    if (!entry || !retired) return entry
    return retired.getTime() + outlives() > now() ? entry : undefined
  }

  /** So that a key that was withdrawn is forgotten even where nothing is signed; nobody waits for it. */
  function refreshLater(): void {
    if (now() - loaded < KEY_REFRESH || now() - asked < ASK_AGAIN) return
    refresh().catch((error: unknown) => deps.log.warn({ err: error }, 'signing keys could not be reloaded'))
  }

  return {
    async active() {
      if (!signing || now() - loaded >= KEY_REFRESH) await refresh()
      if (!signing) throw new Error('there is no signing key')
      return signing
    },
    async find(kid) {
      refreshLater()
      if (!valid(kid) && now() - asked >= ASK_AGAIN) await refresh()
      else if (!valid(kid) && loading !== undefined) await loading
      return valid(kid)?.publicKey
    },
    knows(kid) {
      refreshLater()
      return valid(kid) !== undefined
    },
    async published() {
      if (now() - loaded >= KEY_REFRESH) await refresh()
      const kids = [...entries.keys()].filter((kid) => valid(kid))
      return kids.map(
        (kid) => ({ ...entries.get(kid)?.stored.publicJwk, kid, alg: 'RS256', use: 'sig' }) as JWK,
      )
    },
  }
}

function toPublicKey(stored: StoredKey): KeyObject {
  return createPublicKey({ key: stored.publicJwk, format: 'jwk' })
}
