import { decideEverywhere } from '../access/decide.ts'
import type { Principal } from '../access/model.ts'
import { ignore } from '../lib/ignore.ts'
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

/** After so long the sum is made anew when somebody asks. Milliseconds. */
const SUM_AGE = 10_000

/**
 * The sum of what is stored. It reads a row for each blob, half a second for some 300,000: nobody but the first waits for it,
 * the others are told the sum of before while a new one is made.
 */
export function createStoredBytes(db: Database, now: () => number = Date.now): () => Promise<number> {
  let known: { bytes: number; made: number } | undefined
  let running: Promise<number> | undefined

  async function sum(): Promise<number> {
    const made = now()
    const bytes = await sumStored(db)
    known = { bytes, made }
    return bytes
  }

  return async () => {
    if (running === undefined && (known === undefined || now() - known.made >= SUM_AGE)) {
      running = sum().finally(() => {
        running = undefined
      })
      running.catch(ignore)
    }
    return known?.bytes ?? (await running) ?? 0
  }
}
