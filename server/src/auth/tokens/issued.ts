import { createLru } from '../../lib/lru.ts'

/** A token as it was signed. */
interface Signed {
  token: string
  issuedAt: Date
}

/**
 * Tokens signed a moment ago, by all that they say but the time. Thousands of builders log in each second for
 * the same things; what a token says is worked out each time, and only where it is the very same is it not
 * signed anew. Whether its holder still counts is asked when it is used, however old it is.
 */
export interface Issued {
  get(claims: string, sign: () => Promise<Signed>): Promise<Signed>
}

/** Milliseconds; of a token that does not live for long, a thirtieth of its life. */
const LONGEST = 60_000
const SHARE = 30
/** Of that time, by which tokens differ: those of builders that begin together are not all signed anew together. */
const SPREAD = 1 / 4
/** In characters of claims and tokens, some 10,000 tokens. */
const CAPACITY = 12_000_000
const TOKEN_SIZE = 800

/**
 * @param tokenSeconds what a token lives at this moment
 * @param now milliseconds
 * @param random from 0 to 1
 */
export function createIssued(
  tokenSeconds: () => number,
  now: () => number,
  random: () => number = Math.random,
): Issued {
  const known = createLru<string, { since: number; until: number; size: number; signed: Promise<Signed> }>(
    CAPACITY,
    ({ size }) => size,
  )

  return {
    get(claims, sign) {
      const before = known.get(claims)
      // Where the clock was set back, what was signed before counts only when it gets there again.
      if (before && now() >= before.since && now() < before.until) return before.signed
      const longest = Math.min(LONGEST, (tokenSeconds() * 1000) / SHARE)
      const since = now()
      const until = since + longest * (1 - SPREAD * random())
      const entry = { since, until, size: 2 * claims.length + TOKEN_SIZE, signed: sign() }
      known.set(claims, entry)
      entry.signed.catch(() => {
        if (known.get(claims) === entry) known.delete(claims)
      })
      return entry.signed
    },
  }
}
