import { ignore } from '../lib/ignore.ts'
import { createLru } from '../lib/lru.ts'

/** Slows down whoever tries passwords. Nothing it does outlasts `longestDelay`, and only one address feels it. */
export interface Throttle {
  /** Milliseconds that attempts for this account from this address are refused for; 0 where they are not. */
  refusal(account: string, address: string): number
  /** An attempt is to be made: report how it ended, or wait for so many milliseconds. */
  enter(account: string, address: string): Attempt | { refused: number }
  /** An attempt ended in another process that answers on the same port: it counts here as well. */
  hear(ending: Ending): void
}

/** How an attempt ended, for those who count together. */
export interface Ending {
  /** Account and address, as they are counted. */
  key: string
  address: string
  wrong: boolean
}

export interface Attempt {
  refused?: never
  succeeded(): void
  failed(): void
  /** It came to nothing, neither right nor wrong (the database was away). */
  abandoned(): void
}

/** Wrong passwords that cost nothing yet, for one account from one address. */
const FREE = 5
/** The delay after the first one more; it doubles with every further one. Milliseconds. */
const FIRST_DELAY = 1000
const LONGEST_DELAY = 5 * 60_000
/** Without a wrong password for so long, everything is forgotten. Milliseconds. */
const FORGET_AFTER = 30 * 60_000

/** Attempts of one address over all accounts: so many at once, then one each `REFILL` milliseconds. */
const ADDRESS_BURST = 100
const REFILL = 1000

/** What is remembered of pairs and of addresses, at most; the one unused for longest goes first. */
const CAPACITY = 50_000

interface Pair {
  failures: number
  pending: number
  until: number
  last: number
}

interface Bucket {
  level: number
  filled: number
}

/**
 * Memory of one process. Each replica counts for itself; processes on one port tell each other.
 * @param now milliseconds
 * @param tell what happens here, where others count together with us
 */
export function createThrottle(now: () => number, tell: (ending: Ending) => void = ignore): Throttle {
  const pairs = createLru<string, Pair>(CAPACITY, () => 1)
  const buckets = createLru<string, Bucket>(CAPACITY, () => 1)

  function findPair(key: string): Pair | undefined {
    const pair = pairs.get(key)
    if (!pair || pair.pending > 0 || now() - pair.last < FORGET_AFTER) return pair
    pairs.delete(key)
    return undefined
  }

  function bucketOf(address: string): Bucket {
    const bucket = buckets.get(address) ?? { level: ADDRESS_BURST, filled: now() }
    const drops = Math.floor((now() - bucket.filled) / REFILL)
    bucket.level = Math.min(ADDRESS_BURST, bucket.level + drops)
    bucket.filled += drops * REFILL
    buckets.set(address, bucket)
    return bucket
  }

  function refusal(key: string): number {
    const pair = findPair(key)
    if (!pair) return 0
    // Near the limit one at a time, so that many at once do not get around it.
    if (pair.pending > 0 && pair.failures + pair.pending >= FREE) return FIRST_DELAY
    return Math.max(0, pair.until - now())
  }

  function countWrong(pair: Pair): void {
    pair.failures += 1
    pair.last = now()
    const over = pair.failures - FREE
    if (over >= 0) pair.until = now() + Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** Math.min(over, 30))
  }

  function forgetWrong(key: string, pair: Pair): void {
    pair.failures = 0
    pair.until = 0
    if (pair.pending === 0) pairs.delete(key)
  }

  return {
    hear({ key, address, wrong }) {
      const known = findPair(key)
      if (!wrong) {
        if (known) forgetWrong(key, known)
        return
      }
      const pair = known ?? { failures: 0, pending: 0, until: 0, last: now() }
      pairs.set(key, pair)
      countWrong(pair)
      const bucket = bucketOf(address)
      bucket.level = Math.max(0, bucket.level - 1)
    },
    refusal: (account, address) => refusal(pairKey(account, network(address))),
    enter(account, address) {
      const where = network(address)
      const key = pairKey(account, where)
      const wait = refusal(key)
      if (wait > 0) return { refused: wait }
      const bucket = bucketOf(where)
      if (bucket.level < 1) return { refused: REFILL - (now() - bucket.filled) }

      const pair = findPair(key) ?? { failures: 0, pending: 0, until: 0, last: now() }
      pairs.set(key, pair)
      pair.pending += 1
      bucket.level -= 1
      const refund = () => {
        bucket.level = Math.min(ADDRESS_BURST, bucket.level + 1)
      }
      return {
        succeeded() {
          pair.pending -= 1
          const wereWrong = pair.failures > 0
          forgetWrong(key, pair)
          refund()
          if (wereWrong) tell({ key, address: where, wrong: false })
        },
        failed() {
          pair.pending -= 1
          countWrong(pair)
          tell({ key, address: where, wrong: true })
        },
        abandoned() {
          pair.pending -= 1
          refund()
        },
      }
    },
  }
}

/** Accounts are what callers typed, so bounded in length. */
function pairKey(account: string, where: string): string {
  return `${where} ${account.slice(0, 255)}`
}

/** One customer usually has a whole /64 of IPv6 addresses: these count as one. Who has hung up has no address. */
function network(address: string | undefined): string {
  if (address === undefined) return ''
  if (!address.includes(':') || address.startsWith('::ffff:')) return address
  const [head = '', tail] = address.split('::')
  const groups = head === '' ? [] : head.split(':')
  if (tail !== undefined) {
    const rest = tail === '' ? [] : tail.split(':')
    while (groups.length + rest.length < 8) groups.push('0')
    groups.push(...rest)
  }
  return groups.slice(0, 4).join(':')
}
