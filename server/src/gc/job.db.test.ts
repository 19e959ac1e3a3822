import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Bench, openBench } from '../artifacts/testing.ts'
import { body, sha256 } from '../blobs/testing.ts'
import { uploadWhole } from '../blobs/uploads.ts'
import type { TaskContext } from '../jobs/kind.ts'
import { OCI_IMAGE, OCI_INDEX } from '../oci/media-types.ts'
import { createTestDatabase, type TestDatabase } from '../platform/db/testing.ts'
import { type GcParameters, garbageCollection } from './job.ts'

let database: TestDatabase
let bench: Bench

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())
beforeEach(async () => {
  bench = await openBench(database.db)
  await database.db.deleteFrom('repository_blobs').execute()
})

interface Seen {
  lines: string[]
  told: Record<string, unknown>
  state: unknown
}

/** A run as a worker does it; `stopAfter`: how often it may keep its state. */
async function run(parameters: Partial<GcParameters>, from?: unknown, stopAfter = Infinity): Promise<Seen> {
  const { db } = database
  const kind = garbageCollection({
    db,
    storage: bench.deps.storage,
    store: bench.deps.store,
    graceSeconds: 0,
    trashDays: 0,
    findImmutable: async () => undefined,
    releasePending: async () => undefined,
  })
  const seen: Seen = { lines: [], told: {}, state: from }
  const controller = new AbortController()
  let saves = 0
  const input: GcParameters = { deleteUntagged: false, dryRun: false, workers: 1, ...parameters }
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
    signal: controller.signal,
    log: (line) => seen.lines.push(line),
    save: async (state) => {
      seen.state = JSON.parse(JSON.stringify(state))
      saves += 1
      if (saves >= stopAfter) controller.abort('shutdown')
    },
    report: async (attributes) => {
      Object.assign(seen.told, attributes)
    },
  }
  await kind.run(context).catch((error: unknown) => {
    if (error !== 'shutdown') throw error
  })
  return seen
}

const digestsIn = (lines: readonly string[]) =>
  lines.flatMap((line) => /(?:blob|@)\s*(sha256:\w+)/.exec(line)?.[1] ?? []).sort()

async function stored(): Promise<string[]> {
  return await bench.deps.storage.list('docker', { limit: 1000 })
}

test('a dry run names exactly what a run then deletes, and deletes nothing', async () => {
  await bench.image('kept', {}, 'v1')
  for (const text of ['a', 'bb', 'ccc'])
    await uploadWhole(bench.uploads, bench.repository, body([text]), sha256(text))
  await new Promise((resolve) => setTimeout(resolve, 20))

  const before = await stored()
  const dry = await run({ dryRun: true })
  const between = await stored()
  const real = await run({})

  expect(between).toEqual(before)
  expect(digestsIn(dry.lines)).toEqual(expect.arrayContaining([sha256('a'), sha256('bb'), sha256('ccc')]))
  expect(digestsIn(real.lines)).toEqual(digestsIn(dry.lines))
  expect(real.told).toEqual(dry.told)
  expect((await run({ dryRun: true })).told).toEqual({ freed_space: 0, purged_blobs: 0, purged_manifests: 0 })
  expect((await stored()).length).toBe(before.length - Number(real.told.purged_blobs))
})

test('artifacts without tags go when asked for, with what only they have; children and accessories stay with theirs', async () => {
  const child = await bench.image('child')
  const index = await bench.push({ mediaType: OCI_INDEX, manifests: [child] }, 'all')
  const config = await bench.blob('m', '{}')
  await bench.push({
    mediaType: OCI_IMAGE,
    artifactType: 'application/x',
    config,
    layers: [],
    subject: index,
  })
  const untagged = await bench.image('untagged')
  await new Promise((resolve) => setTimeout(resolve, 20))

  const without = await run({})
  const withThem = await run({ deleteUntagged: true })

  expect(digestsIn(without.lines)).not.toContain(untagged.digest)
  expect(withThem.lines.filter((line) => line.startsWith('deleted artifact'))).toHaveLength(1)
  expect(digestsIn(withThem.lines)).toEqual(
    expect.arrayContaining([untagged.digest, sha256('untagged'), sha256('{"os":"untagged"}')]),
  )
  const left = await database.db
    .selectFrom('artifacts')
    .select('digest')
    .where('repository_id', '=', bench.repository.id)
    .execute()
  expect(left.map((row) => row.digest)).toContain(child.digest)
  expect(left).toHaveLength(3)
})

test('a run that ends in the middle goes on where it stood, and counts nothing twice', {
  timeout: 60_000,
}, async () => {
  for (let at = 0; at < 1200; at += 1)
    await uploadWhole(bench.uploads, bench.repository, body([`many ${at}`]), sha256(`many ${at}`))
  await new Promise((resolve) => setTimeout(resolve, 20))

  const first = await run({}, undefined, 1)
  const second = await run({}, first.state)

  expect(first.state).toMatchObject({ blobs: 1000 })
  expect(second.told.purged_blobs).toBe(1200)
  expect(second.told.freed_space).toBe(
    Array.from({ length: 1200 }, (_, at) => `many ${at}`.length).reduce((a, b) => a + b),
  )
  expect(await stored()).toEqual([])
})
