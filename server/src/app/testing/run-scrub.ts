import { scrub } from '../../scrub/job.ts'
import { SCRUB } from '../../scrub/model.ts'
import type { Program } from './program.ts'

/** One run of the scrub to its end, as a worker makes it. Throws where it tells that it could not read everything. */
export async function runScrub({ uploads: { db, storage, store } }: Program): Promise<void> {
  let unreadable = 0
  const kind = scrub({ db, storage, store, quarantineDays: 14, bytesPerSecond: 1_000_000_000 })
  await kind.run({
    task: {
      id: 1,
      executionId: 1,
      kind: SCRUB,
      jobId: 'x',
      input: { reportOnly: false, rehash: true, force: false },
      state: undefined,
      attributes: {},
      run: 1,
      failures: 0,
    },
    signal: new AbortController().signal,
    log: () => undefined,
    save: async () => undefined,
    report: async (attributes) => {
      unreadable = Number(attributes.unreadable ?? unreadable)
    },
  })
  if (unreadable > 0) throw new Error(`the scrub could not read ${unreadable} objects`)
}
