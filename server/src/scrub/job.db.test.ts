import { sql } from 'kysely'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { body, sha256 } from '../blobs/testing.ts'
import { uploadWhole } from '../blobs/uploads.ts'
import { createTestDatabase, type TestDatabase } from '../platform/db/testing.ts'
import { blobKey, taskLogKey } from '../storage/paths.ts'
import { tendFindings } from './tend.ts'
import { openScrubBench, type ScrubBench } from './testing.ts'

let database: TestDatabase
let scrub: ScrubBench

beforeEach(async () => {
  database = await createTestDatabase()
  scrub = await openScrubBench(database.db)
})
afterEach(() => database.drop())

const push = (text: string, bytes = text) =>
  uploadWhole(scrub.bench.uploads, scrub.bench.repository, body([bytes]), sha256(text))
const nameOf = (digest: string) => `${scrub.bench.projectName}/app@${digest}`
const events = async () =>
  await database.db.selectFrom('events').select(['type', 'payload']).orderBy('id').execute()
const put = (key: string, text: string) => scrub.deps.storage.put(key, Buffer.from(text))
const endQuarantine = () =>
  sql`UPDATE scrub_findings SET expiry_time = now() - interval '1 second' WHERE expiry_time IS NOT NULL`.execute(
    database.db,
  )

test('where all is well nothing is found and nothing is changed', async () => {
  await scrub.bench.image('one', {}, 'v1')

  const { told } = await scrub.run()

  expect(told).toMatchObject({ objects: 3, keys: 3, missing: 0, damaged: 0, orphans: 0, foreign: 0 })
  expect(told.hashed_bytes).toBe(told.bytes)
  expect(await scrub.findings()).toEqual([])
  expect(await scrub.faults()).toEqual([])
})

test('a blob whose object is gone is offered to nobody, told, and healed by the next push of its digest', async () => {
  const one = await scrub.bench.image('one', {}, 'v1')
  await scrub.spoil('one')

  const { told, lines } = await scrub.run({ rehash: false })

  expect(told.missing_blobs).toEqual([{ digest: sha256('one'), needed_by: [nameOf(one.digest)] }])
  expect(lines.join('\n')).toContain(`needed by ${nameOf(one.digest)}`)
  expect(await scrub.offers('one')).toBe(false)
  expect((await events()).at(-1)).toEqual({
    type: 'blob.lost',
    payload: {
      digest: sha256('one'),
      size: 3,
      reason: 'missing',
      healed: false,
      neededBy: [nameOf(one.digest)],
    },
  })

  await push('one')
  await tendFindings(scrub.deps)

  expect(await scrub.offers('one')).toBe(true)
  expect(await scrub.deps.storage.stat(blobKey(sha256('one'), 2))).toEqual({ size: 3 })
  expect(await scrub.findings()).toMatchObject([{ kind: 'missing', state: 'healed' }])
  expect(await scrub.faults()).toEqual([])
})

test('a damaged object is found by reading, kept from everybody, and deleted when its days are over', async () => {
  await scrub.bench.image('one', {}, 'v1')
  await scrub.spoil('one', 'ONE')

  const unread = await scrub.run({ rehash: false })
  const { told } = await scrub.run()

  expect(unread.told.damaged).toBe(0)
  expect(told.damaged).toBe(1)
  expect(await scrub.offers('one')).toBe(false)
  await push('one')
  expect(await scrub.offers('one')).toBe(true)
  expect(await scrub.deps.storage.stat(blobKey(sha256('one'), 1))).toEqual({ size: 3 })

  await endQuarantine()
  await tendFindings(scrub.deps)

  expect(await scrub.deps.storage.stat(blobKey(sha256('one'), 1))).toBeUndefined()
  expect(await scrub.findings()).toMatchObject([{ kind: 'damaged', state: 'healed', expiryTime: undefined }])
  expect(await scrub.faults()).toEqual([])
})

test('an object of another size is read, and found damaged without being asked for', async () => {
  await scrub.bench.image('one', {}, 'v1')
  await scrub.spoil('one', 'on')

  expect((await scrub.run({ rehash: false })).told.damaged).toBe(1)
})

test('a wrong size in the row makes no object damaged', async () => {
  await scrub.bench.image('one', {}, 'v1')
  await sql`UPDATE blobs SET size = 7 WHERE digest = ${sha256('one')}`.execute(database.db)

  const { told } = await scrub.run({ rehash: false })

  expect(told.damaged).toBe(0)
  expect(await scrub.offers('one')).toBe(true)
})

test('the bytes of a manifest are put back from the database', async () => {
  const one = await scrub.bench.image('one', {}, 'v1')
  await scrub.deps.storage.delete(blobKey(one.digest, 1))

  const { told } = await scrub.run()
  await tendFindings(scrub.deps)

  expect(told).toMatchObject({ missing: 1, healed: 1 })
  expect(await scrub.deps.storage.stat(blobKey(one.digest, 2))).toBeDefined()
  expect(await scrub.findings()).toMatchObject([{ state: 'healed' }])
  expect(await scrub.faults()).toEqual([])
})

test('what was lost and is there again is put in its place', async () => {
  await scrub.bench.image('one', {}, 'v1')
  await scrub.spoil('one')
  await scrub.run()
  await scrub.spoil('one', 'one')

  const { told } = await scrub.run({ rehash: false })

  expect(told.restored).toBe(1)
  expect(await scrub.offers('one')).toBe(true)
  expect(await scrub.findings()).toMatchObject([{ kind: 'missing', state: 'restored' }])
  expect((await events()).at(-1)).toMatchObject({ type: 'blob.recovered' })
  expect(await scrub.faults()).toEqual([])
})

test('what was lost and comes back after it was healed is one too many', async () => {
  await scrub.bench.image('one', {}, 'v1')
  await scrub.spoil('one')
  await scrub.run()
  await push('one')
  await scrub.spoil('one', 'one')

  await scrub.run()
  await endQuarantine()
  await tendFindings(scrub.deps)

  expect(await scrub.findings()).toMatchObject([
    { kind: 'missing', state: 'healed' },
    { kind: 'orphan', state: 'expired' },
  ])
  expect(await scrub.deps.storage.list('docker', { limit: 10 })).not.toContain(blobKey(sha256('one'), 1))
  expect(await scrub.offers('one')).toBe(true)
  expect(await scrub.faults()).toEqual([])
})

test('what came back with other bytes stays lost', async () => {
  await scrub.bench.image('one', {}, 'v1')
  await scrub.spoil('one')
  await scrub.run()
  await scrub.spoil('one', 'ONE')

  expect((await scrub.run()).told.restored).toBe(0)
  expect(await scrub.offers('one')).toBe(false)
})

test('an orphan is kept from everybody for its days, and its key is never used again', async () => {
  await put(blobKey(sha256('stray'), 1), 'stray')

  const { told } = await scrub.run()

  expect(told).toMatchObject({ orphans: 1, orphan_bytes: 5, orphan_keys: [blobKey(sha256('stray'), 1)] })
  expect(await scrub.offers('stray')).toBe(false)
  expect(await scrub.faults()).toEqual([])
  await endQuarantine()
  await tendFindings(scrub.deps)
  expect(await scrub.findings()).toMatchObject([{ kind: 'orphan', state: 'expired' }])
  expect(await scrub.deps.storage.list('', { limit: 10 })).toEqual([])

  await push('stray')

  expect(await scrub.deps.storage.list('', { limit: 10 })).toEqual([blobKey(sha256('stray'), 2)])
})

test('an orphan that is what a blob has lost is put in its place', async () => {
  await scrub.bench.image('one', {}, 'v1')
  await scrub.spoil('one')
  await put(blobKey(sha256('one'), 7), 'one')

  const { told } = await scrub.run()

  expect(told).toMatchObject({ missing: 1, restored: 1, orphans: 0 })
  expect(await scrub.offers('one')).toBe(true)
  await tendFindings(scrub.deps)
  expect((await scrub.findings()).map(({ state }) => state)).toEqual(['healed', 'restored'])
  expect(await scrub.faults()).toEqual([])
})

test('an orphan with other bytes than a lost blob had is an orphan', async () => {
  await scrub.bench.image('one', {}, 'v1')
  await scrub.spoil('one')
  await put(blobKey(sha256('one'), 7), 'ONE')

  const { told } = await scrub.run()

  expect(told).toMatchObject({ missing: 1, restored: 0, orphans: 1 })
  expect(await scrub.offers('one')).toBe(false)
})

test('what the store refuses to delete keeps nothing else in quarantine', async () => {
  const [stuck, free] = [taskLogKey(998, 1, 1), taskLogKey(999, 1, 1)]
  for (const key of [stuck, free]) await put(key, 'of a task that is gone')
  await scrub.run()
  await endQuarantine()
  const { storage } = scrub.deps
  const refusing = {
    ...storage,
    delete: async (key: string) => (key === stuck ? Promise.reject(new Error('busy')) : storage.delete(key)),
  }

  await expect(tendFindings({ ...scrub.deps, storage: refusing })).rejects.toThrow('busy')
  const between = await scrub.findings()
  await tendFindings(scrub.deps)

  expect(between).toMatchObject([
    { key: stuck, state: 'open' },
    { key: free, state: 'expired' },
  ])
  expect(await scrub.findings()).toMatchObject([{ state: 'expired' }, { state: 'expired' }])
  expect(await storage.list('portolan', { limit: 10 })).toEqual([])
})

test('more than a batch that the store refuses to delete holds up nothing behind it', async () => {
  const { db, storage, store } = scrub.deps
  const free = taskLogKey(9999, 1, 1)
  await put(free, 'of a task that is gone')
  await sql`
    INSERT INTO scrub_findings (store, kind, key, expiry_time)
    SELECT ${store}, 'orphan', 'stuck/' || n, now() - n * interval '1 minute' FROM generate_series(1, 600) n`.execute(
    db,
  )
  await sql`INSERT INTO scrub_findings (store, kind, key, expiry_time)
    VALUES (${store}, 'orphan', ${free}, now() - interval '1 second')`.execute(db)
  const refusing = {
    ...storage,
    delete: async (key: string) => (key === free ? storage.delete(key) : Promise.reject(new Error('busy'))),
  }

  await expect(tendFindings({ ...scrub.deps, storage: refusing })).rejects.toThrow('busy')

  const open = await db.selectFrom('scrub_findings').select('key').where('state', '=', 'open').execute()
  expect(open.filter(({ key }) => !key.startsWith('stuck/'))).toEqual([])
  expect(open).toHaveLength(600)
  expect(await storage.stat(free)).toBeUndefined()
})

test('an orphan in quarantine is put in its place as soon as it is wanted', async () => {
  await put(blobKey(sha256('one'), 7), 'one')
  await scrub.run()
  await scrub.bench.image('one', {}, 'v1')
  await scrub.deps.storage.delete(blobKey(sha256('one'), 8))

  const lost = await scrub.run()
  const { told } = await scrub.run()

  expect(lost.told.missing).toBe(1)
  expect(told.restored).toBe(1)
  expect(await scrub.offers('one')).toBe(true)
})

test('logs of tasks that are gone are orphans too, and what is not ours is told and left alone', async () => {
  await put(taskLogKey(99, 1, 1), 'said')
  await put('notes.txt', 'mine')

  const { told } = await scrub.run()
  await endQuarantine()
  await tendFindings(scrub.deps)

  expect(told).toMatchObject({ orphans: 1, foreign: 1, foreign_keys: ['notes.txt'] })
  expect(await scrub.deps.storage.list('', { limit: 10 })).toEqual(['notes.txt'])
  await scrub.deps.storage.delete('notes.txt')
  await scrub.run()
  expect(await scrub.findings()).toMatchObject([
    { kind: 'foreign', state: 'gone' },
    { kind: 'orphan', state: 'expired' },
  ])
})

test('beside the data of another registry no blob is touched', async () => {
  await put(blobKey(sha256('theirs'), 1), 'theirs')
  await put('docker/registry/v2/repositories/app/_layers/link', 'x')

  const { told } = await scrub.run()

  expect(told).toMatchObject({ orphans: 0, foreign: 2 })
})

test('a deleted object that is there still is deleted again', async () => {
  await put(blobKey(sha256('x'), 1), 'x')
  await scrub.run()
  await sql`UPDATE blob_objects SET state = 'deleted'`.execute(database.db)

  const { told } = await scrub.run()

  expect(told.leftovers).toBe(1)
  expect(await scrub.deps.storage.list('', { limit: 10 })).toEqual([])
  expect(await scrub.faults()).toEqual([])
})

test('a run that only reports finds the same and changes nothing', async () => {
  await scrub.bench.image('one', {}, 'v1')
  await scrub.bench.image('two', {}, 'v2')
  await scrub.spoil('one')
  await scrub.spoil('two', 'TWO')
  await put(blobKey(sha256('stray'), 1), 'stray')
  await put('notes.txt', 'mine')
  const before = await events()

  const dry = await scrub.run({ reportOnly: true })

  expect(await scrub.findings()).toEqual([])
  expect(await events()).toEqual(before)
  expect(await scrub.offers('one')).toBe(true)
  const real = await scrub.run()
  expect(real.told).toEqual(dry.told)
  expect(dry.told).toMatchObject({ missing: 1, damaged: 1, orphans: 1, foreign: 1 })
})

test('a store that has lost most, and a database that knows least, are not believed unless somebody insists', async () => {
  for (let at = 0; at < 12; at += 1) await push(`blob ${at}`)
  for (const key of await scrub.deps.storage.list('', { limit: 100 })) await scrub.deps.storage.delete(key)
  await expect(scrub.run()).rejects.toThrow('12 of the 12 objects looked at are missing')
  expect(await scrub.findings()).toEqual([])
  for (let at = 0; at < 120; at += 1) await put(blobKey(sha256(`stray ${at}`), 1), `stray ${at}`)
  await sql`UPDATE blob_objects SET state = 'deleted'`.execute(database.db)
  await expect(scrub.run()).rejects.toThrow('knows nothing of 120 of the 120')
  expect(await scrub.findings()).toEqual([])

  const { told } = await scrub.run({ force: true })

  expect(told.orphans).toBe(120)
  expect(told.orphan_keys).toHaveLength(50)
})

test.each([
  ['stopped', () => ({ stopAfter: 1 })],
  // Sooner or later, so that it comes on in the end.
  ['killed', (round: number) => ({ killAt: 2 + (round % 3) })],
] as const)(
  'a run that is %s again and again goes on where it was, and does and counts all once',
  async (_, endOf) => {
    for (const text of ['a', 'b', 'c', 'd']) await scrub.bench.image(text)
    await scrub.spoil('a')
    await scrub.spoil('b', 'B')
    await scrub.spoil('c')
    const manifest = await scrub.bench.image('m')
    await scrub.deps.storage.delete(blobKey(manifest.digest, 1))
    for (const text of ['s', 't', 'u']) await put(blobKey(sha256(text), 1), text)
    await put(blobKey(sha256('c'), 5), 'c')
    let seen = await scrub.run({}, undefined, endOf(0))
    let rounds = 1

    for (; rounds < 60 && !seen.lines.at(-1)?.includes('undecided'); rounds += 1) {
      seen = await scrub.run({}, seen.state, endOf(rounds))
    }

    expect(rounds).toBeGreaterThan(5)
    expect(seen.told).toMatchObject({ missing: 3, damaged: 1, healed: 1, restored: 1 })
    const found = await scrub.findings()
    // Whoever is killed while he puts a manifest back leaves what he had put.
    const left = found.filter(({ kind, digest }) => kind === 'orphan' && digest === manifest.digest)
    expect(seen.told.orphans).toBe(3 + left.length)
    const others = found.filter((finding) => !left.includes(finding))
    expect(others.map(({ kind, state }) => `${kind} ${state}`).toSorted()).toEqual([
      'damaged open',
      'missing healed',
      'missing healed',
      'missing open',
      'orphan open',
      'orphan open',
      'orphan open',
      'orphan restored',
    ])
    expect((await events()).filter(({ type }) => type === 'blob.lost')).toHaveLength(4)
  },
)
