import { createHash } from 'node:crypto'
import { text as readText } from 'node:stream/consumers'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Bench, openBench } from '../artifacts/testing.ts'
import { body, sha256 } from '../blobs/testing.ts'
import { uploadWhole } from '../blobs/uploads.ts'
import type { TaskContext } from '../jobs/kind.ts'
import { readTaskList } from '../jobs/task-list.ts'
import { OCI_IMAGE, OCI_INDEX } from '../oci/media-types.ts'
import { createTestDatabase, type TestDatabase } from '../platform/db/testing.ts'
import { type GcParameters, garbageCollection } from './job.ts'

let database: TestDatabase
let bench: Bench
/** How often the task has been taken. */
let runs = 0

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())
beforeEach(async () => {
  bench = await openBench(database.db)
  await database.db.deleteFrom('repository_blobs').execute()
  // Of the test with many.
  await sql`DELETE FROM blob_objects WHERE key LIKE 'sha512:%'`.execute(database.db)
})

interface Seen {
  lines: string[]
  told: Record<string, unknown>
  state: unknown
}

interface Circumstances {
  /** Where an earlier run stood. */
  from?: unknown
  /** How often it may keep its state. */
  stopAfter?: number
  trashDays?: number
  /** What others do while it keeps its state. */
  meanwhile?(): Promise<unknown>
}

/** A run as a worker does it. */
async function run(
  parameters: Partial<GcParameters>,
  { from, stopAfter = Infinity, trashDays = 0, meanwhile }: Circumstances = {},
): Promise<Seen> {
  const { db } = database
  const kind = garbageCollection({
    db,
    storage: bench.deps.storage,
    store: bench.deps.store,
    graceSeconds: 0,
    trashDays,
    findImmutable: async () => undefined,
    releasePending: async () => undefined,
  })
  const seen: Seen = { lines: [], told: {}, state: from }
  runs += 1
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
      run: runs,
      failures: 0,
    },
    signal: controller.signal,
    log: (line) => seen.lines.push(line),
    save: async (state) => {
      seen.state = JSON.parse(JSON.stringify(state))
      saves += 1
      if (saves >= stopAfter) controller.abort('shutdown')
      await meanwhile?.()
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

const sha512 = (text: string) => `sha512:${createHash('sha512').update(text).digest('hex')}`

/** What the last run has listed. */
async function listed(total: unknown): Promise<{ artifact?: string; blob: string; size: number }[]> {
  const text = await readText(readTaskList(bench.deps.storage, { id: 1, run: runs }))
  const lines = text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))
  expect(lines.pop()).toEqual({ total })
  return lines
}

const totalOf = (told: Record<string, unknown>) => ({
  artifacts: 0,
  blobs: told.purged_blobs,
  bytes: told.freed_space,
})

const digestsIn = (lines: readonly string[]) =>
  lines.flatMap((line) => /(?:blob|@)\s*(sha256:\w+)/.exec(line)?.[1] ?? []).sort()

/** Blobs that there are no bytes of. */
async function addRows(name: string, count: number): Promise<void> {
  await sql`
    WITH blob AS (
      INSERT INTO blobs (digest, size, offer_time)
      SELECT 'sha512:' || encode(sha512((${`${name} `}::text || n)::bytea), 'hex'), n, now() - interval '1 day'
      FROM generate_series(1, ${count}::int) n RETURNING id, digest)
    INSERT INTO blob_objects (blob_id, store, key, generation, state)
    SELECT id, ${bench.deps.store}, digest, 1, 'stored' FROM blob`.execute(database.db)
}

async function stored(): Promise<string[]> {
  return await bench.deps.storage.list('docker', { limit: 1000 })
}

test('the list of a dry run is exact where no log would hold it', { timeout: 120_000 }, async () => {
  const count = 67_000
  const before = (await run({ dryRun: true })).told as { purged_blobs: number }
  await addRows('listed', count)

  const dry = await run({ dryRun: true })
  const list = await listed(totalOf(dry.told))

  expect(dry.told).toMatchObject({ purged_blobs: before.purged_blobs + count })
  expect(JSON.stringify(list).length).toBeGreaterThan(10 * 1024 * 1024)
  expect(list).toHaveLength(before.purged_blobs + count)
  expect(new Set(list.map(({ blob }) => blob)).size).toBe(list.length)
  expect(list).toContainEqual({ blob: sha512(`listed ${count}`), size: count })
  expect(list.reduce((sum, { size }) => sum + size, 0)).toBe(dry.told.freed_space)
  // What a person reads.
  expect(dry.lines.length).toBeLessThan(1100)
  expect(dry.lines.join('\n')).toContain(`${list.length - 1000} more are in the list of this run`)
})

test('a dry run names exactly what a run then deletes, and deletes nothing', async () => {
  await bench.image('kept', {}, 'v1')
  for (const text of ['a', 'bb', 'ccc'])
    await uploadWhole(bench.uploads, bench.repository, body([text]), sha256(text))
  await new Promise((resolve) => setTimeout(resolve, 20))

  const before = await stored()
  const dry = await run({ dryRun: true })
  const between = await stored()
  const list = await listed(totalOf(dry.told))
  const real = await run({})

  expect(between).toEqual(before)
  expect(digestsIn(dry.lines)).toEqual(expect.arrayContaining([sha256('a'), sha256('bb'), sha256('ccc')]))
  expect(digestsIn(real.lines)).toEqual(digestsIn(dry.lines))
  expect(list.map(({ blob }) => blob).sort()).toEqual(digestsIn(real.lines))
  expect(list.reduce((sum, { size }) => sum + size, 0)).toBe(real.told.freed_space)
  expect(real.told).toEqual(dry.told)
  expect((await run({ dryRun: true })).told).toEqual({ freed_space: 0, purged_blobs: 0, purged_manifests: 0 })
  expect((await stored()).length).toBe(before.length - Number(real.told.purged_blobs))
})

test('the log of a run names the first thousand and sums up the others', async () => {
  await run({})
  await addRows('logged', 2500)

  const { lines, told } = await run({})

  expect(lines.filter((line) => line.startsWith('deleted blob'))).toHaveLength(1000)
  expect(lines).toEqual(
    expect.arrayContaining([
      '2500 blobs, 3126250 bytes until now',
      expect.stringContaining('2500 blobs (0 of them manifests) were deleted, 3126250 bytes'),
    ]),
  )
  expect(told).toMatchObject({ purged_blobs: 2500, freed_space: (2500 * 2501) / 2 })
})

test.each([0, 7])(
  'with %i days of trash a dry run names exactly what a run deletes, with what artifacts leave',
  async (trashDays) => {
    const text = (what: string) => `${what} ${trashDays}`
    const [kept, loose] = [await bench.blob('m', text('kept')), await bench.blob('m', text('loose'))]
    await bench.image(text('tagged'), { layers: [kept] }, 'v1')
    const signed = await bench.image(text('signed'), { layers: [kept, loose] })
    await bench.image(text('other'), { layers: [loose] })
    const config = await bench.blob('m', text('signature'))
    const signature = {
      mediaType: OCI_IMAGE,
      artifactType: 'application/x',
      config,
      layers: [],
      subject: signed,
    }
    await bench.push(signature)
    const [own, shared, between] = [
      await bench.image(text('own')),
      await bench.image(text('shared')),
      await bench.image(text('between')),
    ]
    await bench.push({ mediaType: OCI_INDEX, manifests: [own, shared, between] })
    await bench.push({ mediaType: OCI_INDEX, manifests: [between] })
    await bench.push({ mediaType: OCI_INDEX, manifests: [shared] }, 'all')
    await new Promise((resolve) => setTimeout(resolve, 20))
    const before = await stored()

    const dry = await run({ dryRun: true, deleteUntagged: true }, { trashDays })
    const list = await listed({ ...totalOf(dry.told), artifacts: 4 })
    const real = await run({ deleteUntagged: true }, { trashDays })

    const blobs = list.flatMap(({ blob }) => blob ?? []).sort()
    const artifacts = list.flatMap(({ artifact }) => (artifact ? [`deleted artifact ${artifact}`] : []))
    expect(artifacts).toEqual(real.lines.filter((line) => line.startsWith('deleted artifact')))
    expect(blobs).toEqual(digestsIn(real.lines.filter((line) => line.startsWith('deleted blob'))))
    expect(dry.told).toEqual(real.told)
    expect(before.length - (await stored()).length).toBe(blobs.length)
    const leaves = [signed.digest, own.digest, between.digest, sha256(text('loose')), sha256(text('own'))]
    expect(blobs.filter((digest) => leaves.includes(digest))).toHaveLength(
      trashDays === 0 ? leaves.length : 0,
    )
    expect(blobs).not.toEqual(expect.arrayContaining([sha256(text('kept'))]))
    expect(blobs).not.toEqual(expect.arrayContaining([shared.digest]))
  },
)

test('an artifact that is tagged while those before it are deleted stays, with its tag', async () => {
  await bench.image('goes')
  const stays = await bench.image('stays')
  await new Promise((resolve) => setTimeout(resolve, 20))
  let once = false

  const { lines } = await run(
    { deleteUntagged: true },
    {
      async meanwhile() {
        if (once) return
        once = true
        await bench.image('stays', {}, 'late')
      },
    },
  )

  expect(lines.filter((line) => line.startsWith('deleted artifact'))).toHaveLength(1)
  const place = { projectId: bench.repository.projectId, repository: 'app', tag: 'late' }
  expect(await bench.deps.findReference(place)).toMatchObject({ digest: stays.digest })
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
  for (let at = 0; at < 120; at += 1)
    await uploadWhole(bench.uploads, bench.repository, body([`many ${at}`]), sha256(`many ${at}`))
  await new Promise((resolve) => setTimeout(resolve, 20))

  const first = await run({}, { stopAfter: 1 })
  const second = await run({}, { from: first.state })

  expect(first.state).toMatchObject({ blobs: 100 })
  // It was told to end: what it had marked is left to whoever goes on.
  expect(first.lines).toContain('100 of these blobs are marked, and go with the next collection')
  expect(second.lines).toContain('100 blobs of before were deleted')
  expect(second.told.purged_blobs).toBe(120)
  expect(second.told.freed_space).toBe(
    Array.from({ length: 120 }, (_, at) => `many ${at}`.length).reduce((a, b) => a + b),
  )
  expect(await stored()).toEqual([])
})
