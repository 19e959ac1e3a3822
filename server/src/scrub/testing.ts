import { type Bench, openBench } from '../artifacts/testing.ts'
import { findBlob } from '../blobs/service.ts'
import { sha256 } from '../blobs/testing.ts'
import type { TaskContext } from '../jobs/kind.ts'
import type { Database } from '../platform/db/database.ts'
import { blobKey } from '../storage/paths.ts'
import { type ScrubJobDeps, scrub } from './job.ts'
import type { Finding, ScrubParameters, ScrubResult } from './model.ts'
import { makeReport } from './report/report.ts'
import { listFindings } from './service.ts'

/** What a run has done, as far as it came. */
export interface Seen {
  lines: string[]
  told: Partial<ScrubResult>
  state: unknown
}

/** How a run ends early: stopped after, or killed at, so many times of keeping its state. */
interface End {
  stopAfter?: number
  killAt?: number
}

/** A bench with a scrub beside it. */
export interface ScrubBench {
  bench: Bench
  deps: ScrubJobDeps
  /** A run as a worker does it: `from` is the state it goes on with. */
  run(parameters?: Partial<ScrubParameters>, from?: unknown, end?: End): Promise<Seen>
  /** Stops the run that was begun last. */
  stop(): void
  findings(): Promise<Finding[]>
  /** What the checker says, which shares nothing with the scrub: `fault name`, each once. */
  faults(): Promise<string[]>
  /** Deletes, or replaces, the first object of a text. */
  spoil(text: string, bytes?: string): Promise<void>
  /** Whether the repository offers the blob of a text, as HEAD asks. */
  offers(text: string): Promise<boolean>
}

export async function openScrubBench(db: Database): Promise<ScrubBench> {
  const bench = await openBench(db)
  const { storage, store } = bench.deps
  const deps = { db, storage, store, quarantineDays: 14, bytesPerSecond: 1_000_000_000 }

  let controller = new AbortController()

  return {
    bench,
    deps,
    stop: () => controller.abort('stop'),
    async run(parameters = {}, from, { stopAfter, killAt } = {}) {
      const kind = scrub(deps)
      const seen: Seen = { lines: [], told: {}, state: from }
      controller = new AbortController()
      const { signal } = controller
      let saves = 0
      const input: ScrubParameters = { reportOnly: false, rehash: true, force: false, ...parameters }
      const context: TaskContext = {
        task: {
          id: 1,
          executionId: 1,
          kind: kind.name,
          jobId: 'x',
          input,
          state: from,
          attributes: {},
          run: 1,
          failures: 0,
        },
        signal,
        log: (line) => seen.lines.push(line),
        save: async (state) => {
          saves += 1
          if (saves === killAt) throw new Error('killed')
          seen.state = JSON.parse(JSON.stringify(state))
          if (saves === stopAfter) controller.abort('stop')
        },
        report: async (attributes) => {
          Object.assign(seen.told, attributes)
        },
      }
      await kind.run(context).catch((error: unknown) => {
        if (error !== 'stop' && (error as Error).message !== 'killed') throw error
      })
      return seen
    },
    async findings() {
      const page = { offset: 0, limit: 100 }
      const { findings } = await listFindings(deps, { filters: [], orders: [], page })
      return findings.map(({ finding }) => finding).reverse()
    },
    async faults() {
      const options = { sparseImages: false, sparseIndex: false }
      const { faults } = await makeReport(
        { db, storage, store, rehash: undefined, patienceMilliseconds: 0 },
        options,
      )
      return Object.keys(faults)
    },
    async spoil(text, bytes) {
      const key = blobKey(sha256(text), 1)
      await storage.delete(key)
      if (bytes !== undefined) await storage.put(key, Buffer.from(bytes))
    },
    async offers(text) {
      const { projectId, name } = bench.repository
      return (await findBlob(bench.deps, { projectId, repository: name, digest: sha256(text) })) !== undefined
    },
  }
}
