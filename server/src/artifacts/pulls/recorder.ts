import type { Logger } from 'pino'
import type { Database } from '../../platform/db/database.ts'
import { addPullCounts } from '../../repositories/store.ts'
import { type Gathered, gather, leftOver, nothingGathered, putBack } from './gathered.ts'
import type { Pull, PullSettings } from './model.ts'
import { raiseArtifactPullTimes, raiseTagPullTimes } from './pull-store.ts'

export interface PullRecorderDeps {
  db: Database
  log: Logger
  settings(): PullSettings
  /** Told of all pulls, in the transaction that writes them down. */
  onPulled(tx: Database, pulls: readonly Pull[]): Promise<void>
  /** How long pulls are gathered in memory; 0: each is written before its answer. */
  seconds: number
}

/** Writes down who pulled what: a pull itself writes nothing, many are a few statements a second. */
export interface PullRecorder {
  /** To be awaited before the answer; it takes time only where pulls are written at once. */
  record(pull: Pull): Promise<void> | undefined
  start(): void
  /** Writes what is left. */
  stop(): Promise<void>
}

/** Then they are written before their time. */
const MANY = 5000
/** What is kept while the database takes nothing; further pulls go untold, and the log says so. */
const MOST = 50_000

export function createPullRecorder(deps: PullRecorderDeps): PullRecorder {
  let gathered = nothingGathered()
  let lost = 0
  let timer: NodeJS.Timeout | undefined
  let flushing: Promise<void> | undefined

  async function flush(): Promise<void> {
    while (flushing !== undefined) await flushing
    if (gathered.artifacts.size === 0) return
    const batch = gathered
    gathered = nothingGathered()
    flushing = write(deps, batch)
      .then((left) => putBack(gathered, left))
      .catch((error: unknown) => {
        putBack(gathered, batch)
        deps.log.warn({ err: error, pulls: batch.pulls.length }, 'pulls could not be written down yet')
      })
      .finally(() => {
        flushing = undefined
      })
    await flushing
  }

  function tellLoss(): void {
    if (lost > 0) deps.log.error({ pulls: lost }, 'pulls were not written down: too many waited')
    lost = 0
  }

  return {
    record(pull) {
      if (gathered.pulls.length >= MOST) lost += 1
      else gather(gathered, pull)
      if (deps.seconds === 0 || gathered.pulls.length === MANY) {
        const written = flush()
        return deps.seconds === 0 ? written : undefined
      }
      return undefined
    },
    start() {
      timer = setInterval(() => {
        void flush().then(tellLoss)
      }, Math.max(deps.seconds, 1) * 1000)
    },
    async stop() {
      clearInterval(timer)
      await flush()
      tellLoss()
    },
  }
}

/**
 * Writes a batch in one transaction; answers what must be tried again. Rows of repositories first and in id order,
 * as everybody locks them; rows of artifacts and tags only where nobody else holds them.
 */
async function write(deps: PullRecorderDeps, batch: Gathered): Promise<Gathered> {
  const { times, counts } = deps.settings()
  return deps.db.transaction().execute(async (tx) => {
    if (counts) await addPullCounts(tx, batch.counts)
    const artifacts = times ? await raiseArtifactPullTimes(tx, [...batch.artifacts.values()]) : undefined
    const tags = times ? await raiseTagPullTimes(tx, [...batch.tags.values()]) : []
    if (batch.pulls.length > 0) await deps.onPulled(tx, batch.pulls)
    return artifacts ? leftOver(batch, artifacts, tags) : nothingGathered()
  })
}
