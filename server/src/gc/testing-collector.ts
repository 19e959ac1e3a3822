import { afterAll, beforeAll, beforeEach } from 'vitest'
import { type Bench, openBench } from '../artifacts/testing.ts'
import { findBlob, readBlob } from '../blobs/service.ts'
import { body, sha256 } from '../blobs/testing.ts'
import { uploadWhole } from '../blobs/uploads.ts'
import type { Database } from '../platform/db/database.ts'
import { createTestDatabase, type TestDatabase } from '../platform/db/testing.ts'
import { type CollectDeps, deleteObjects, markIdle } from './collect.ts'
import { scanIdle } from './store.ts'

/** The store deletes everything, or the test has failed. */
export const fail = (_object: unknown, error: unknown) => {
  throw error
}

/**
 * For tests: a collector with a grace of an hour, and a repository beside it, in a database of the test file's own. `bench` and
 * `deps` are new for each test, and nothing is idle when it begins.
 */
export function useCollector() {
  let database: TestDatabase
  let bench: Bench
  let deps: CollectDeps

  beforeAll(async () => {
    database = await createTestDatabase()
  })
  afterAll(() => database.drop())
  beforeEach(async () => {
    bench = await openBench(database.db)
    Object.assign(bench.deps, { graceSeconds: 3600, sparseImages: false })
    deps = { db: database.db, storage: bench.deps.storage, store: bench.deps.store, graceSeconds: 3600 }
    // What tests before have left is none of this one's.
    await wait(1000)
    await collect()
  })

  /** As if so many hours had passed for every blob. */
  async function wait(hours: number): Promise<void> {
    const rows = await database.db.selectFrom('blobs').select(['id', 'offer_time']).execute()
    for (const row of rows) {
      const earlier = new Date(row.offer_time.getTime() - hours * 3_600_000)
      await database.db.updateTable('blobs').set({ offer_time: earlier }).where('id', '=', row.id).execute()
    }
  }

  async function idle(): Promise<number[]> {
    const { graceSeconds } = deps
    return (await scanIdle(deps.db, deps.store, { after: 0, limit: 10_000, graceSeconds })).idle
  }

  /** Digests that are collected now. */
  async function collect(): Promise<string[]> {
    const { objects } = await markIdle(deps, await idle())
    await deleteObjects(deps, objects, 2, fail)
    return objects.map((object) => object.digest)
  }

  /** The collector with everything locked and marked, before it commits; answers how it goes on. */
  async function collectorWaits(): Promise<() => Promise<void>> {
    const ids = await idle()
    return await standsStill(async (pause) => {
      const { objects } = await markIdle(deps, ids, pause)
      await deleteObjects(deps, objects, 1, fail)
    })
  }

  /** A transaction that has done its work, before it commits; answers how it goes on. */
  function holding(work: (tx: Database) => Promise<unknown>): Promise<() => Promise<void>> {
    return standsStill((pause) =>
      database.db.transaction().execute(async (tx) => {
        await work(tx)
        await pause()
      }),
    )
  }

  async function content(text: string): Promise<string | undefined> {
    const { projectId, name } = bench.repository
    const blob = await findBlob(bench.deps, { projectId, repository: name, digest: sha256(text) })
    if (!blob) return undefined
    const chunks: Buffer[] = []
    for await (const chunk of await readBlob(bench.deps, blob)) chunks.push(chunk as Buffer)
    return Buffer.concat(chunks).toString()
  }

  return {
    get db() {
      return database.db
    },
    get bench() {
      return bench
    },
    get deps() {
      return deps
    },
    wait,
    idle,
    collect,
    collectorWaits,
    holding,
    content,
    upload: (text: string) => uploadWhole(bench.uploads, bench.repository, body([text]), sha256(text)),
  }
}

/** Work that has come to its pause; answers how it goes on, to its end. */
async function standsStill(
  work: (pause: () => Promise<void>) => Promise<void>,
): Promise<() => Promise<void>> {
  const there = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  const running = work(() => {
    there.resolve()
    return go.promise
  })
  await Promise.race([there.promise, running])
  return async () => {
    go.resolve()
    await running
  }
}
