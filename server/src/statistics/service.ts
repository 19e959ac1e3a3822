import { decideEverywhere } from '../access/decide.ts'
import type { Principal } from '../access/model.ts'
import type { Database } from '../platform/db/database.ts'
import { viewerOf } from '../projects/viewer.ts'
import { sumStored, type Tally, tallyProjects } from './store.ts'

export interface StatisticsDeps {
  db: Database
  /** Bytes that everything stored takes. */
  storedBytes(): Promise<number>
}

export interface Statistics {
  public: Tally
  private: Tally
  /** Of everything there is; undefined for those who are not shown everything. */
  total: (Tally & { bytes: number }) | undefined
}

/** How much there is, as far as the caller may see it. */
export async function countEverything(deps: StatisticsDeps, principal: Principal): Promise<Statistics> {
  const viewer = viewerOf(principal)
  // A robot that reads every project still is no administrator.
  const seesTotals = principal.kind === 'user' && decideEverywhere(principal, 'project:read')
  const [tally, bytes] = await Promise.all([
    tallyProjects(deps.db, viewer),
    seesTotals ? deps.storedBytes() : 0,
  ])
  const total = {
    projects: tally.public.projects + tally.private.projects,
    repositories: tally.public.repositories + tally.private.repositories,
    bytes,
  }

  return { ...tally, total: seesTotals ? total : undefined }
}

/** How old the sum may be that is told. Milliseconds. */
const SUM_AGE = 10_000

/** The sum of what is stored. It reads a row for each blob, so it is made once for all who ask within ten seconds. */
export function createStoredBytes(db: Database, now: () => number = Date.now): () => Promise<number> {
  let made = Number.NEGATIVE_INFINITY
  let sum: Promise<number> | undefined

  return () => {
    if (sum === undefined || now() - made >= SUM_AGE) {
      made = now()
      const fresh = sumStored(db)
      sum = fresh
      fresh.catch(() => {
        if (sum === fresh) sum = undefined
      })
    }
    return sum
  }
}
