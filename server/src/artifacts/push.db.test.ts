import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { findBlob } from '../blobs/service.ts'
import { blobDeps, body, seedRepository, sha256 } from '../blobs/testing.ts'
import { type UploadsDeps, uploadWhole } from '../blobs/uploads.ts'
import { createLru } from '../lib/lru.ts'
import { parseManifest } from '../oci/manifest.ts'
import { OCI_IMAGE, OCI_INDEX } from '../oci/media-types.ts'
import type { Database } from '../platform/db/database.ts'
import { createTestDatabase, type TestDatabase } from '../platform/db/testing.ts'
import type { Repository } from '../repositories/model.ts'
import { findRepository } from '../repositories/store.ts'
import { deleteArtifact, deleteTag } from './deletion.ts'
import { ArtifactReferencedError, ReferenceSizeError, ReferencesUnknownError } from './errors.ts'
import { countArtifacts } from './listed-store.ts'
import { createReferenceLookup } from './lookup.ts'
import type { Artifact, Referrer } from './model.ts'
import { pushManifest } from './push.ts'
import { countReferrers, findReferrers, listReferrerSizes } from './referrer-store.ts'
import { type ArtifactsDeps, readManifest } from './service.ts'
import { listTagNames } from './tag-store.ts'

const DEV = { id: 7, username: 'dev', address: '192.0.2.1' }

let database: TestDatabase
let uploads: UploadsDeps
let deps: ArtifactsDeps
let projectId: number
let repository: Repository

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())
beforeEach(async () => {
  uploads = await blobDeps(database.db)
  deps = {
    ...uploads,
    findReference: createReferenceLookup(database.db),
    manifestCache: createLru(1000, () => 1),
    trashDays: 0,
    findImmutable: async () => undefined,
    sparseIndex: false,
    sparseImages: false,
  }
  repository = await seedRepository(database.db)
  projectId = repository.projectId
})

function find(reference: { tag: string } | { digest: string }): Promise<Artifact | undefined> {
  return deps.findReference({ projectId, repository: 'app', ...reference })
}

/** A manifest of one config blob, which is uploaded too. */
async function image(seed: string, extra: object = {}): Promise<Buffer> {
  await uploadWhole(uploads, repository, body([seed]), sha256(seed))
  const config = { mediaType: 'application/vnd.example.config', digest: sha256(seed), size: seed.length }

  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_IMAGE, config, layers: [], ...extra }))
}

async function referrersOf(subject: string, filter: { artifactType?: string } = {}): Promise<Referrer[]> {
  const page = { ...filter, after: 0, limit: 10 }
  const found = await listReferrerSizes(database.db, repository.id, subject, page)

  return findReferrers(
    database.db,
    found.map((referrer) => referrer.id),
  )
}

/** Connections that wait for a lock. */
async function countWaiting(db: Database): Promise<number> {
  const result = await sql<{ waiting: number }>`
    SELECT count(*) AS waiting FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'`.execute(db)

  return Number(result.rows[0]?.waiting)
}

async function push(bytes: Buffer, ...tags: string[]): Promise<string> {
  const digest = sha256(bytes)
  const manifest = parseManifest(bytes, undefined)
  await pushManifest(deps, {
    repository,
    digest,
    body: bytes,
    manifest,
    tags,
    projectName: 'team',
    actor: DEV,
  })

  return digest
}

test('a pushed manifest is found by tag and by digest, byte for byte', async () => {
  const bytes = await image('one')

  const digest = await push(bytes, 'v1', 'latest')

  const byTag = await find({ tag: 'latest' })
  const byDigest = await find({ digest })
  expect(byTag).toEqual(byDigest)
  expect(byTag && (await readManifest(deps, byTag)).equals(bytes)).toBe(true)
  expect((await findRepository(database.db, projectId, 'app'))?.published).toBe(true)
})

test('however an artifact comes, it is listed and counted once', async () => {
  const state = async (digest: string) => {
    const { listed, tagged } = await database.db
      .selectFrom('artifacts')
      .select(['listed', 'tagged'])
      .where('repository_id', '=', repository.id)
      .where('digest', '=', digest)
      .executeTakeFirstOrThrow()
    const counts = await countArtifacts(database.db, [repository.id])
    return { listed, tagged, count: counts.get(repository.id) ?? 0 }
  }
  const first = await image('first')
  const second = await image('second')

  const digest = await push(first, 'v1')
  expect(await state(digest)).toEqual({ listed: true, tagged: true, count: 1 })
  await push(first, 'v1', 'v2')
  expect(await state(digest)).toEqual({ listed: true, tagged: true, count: 1 })
  const other = await push(second)
  expect(await state(other)).toEqual({ listed: true, tagged: false, count: 2 })
  await push(second, 'v1', 'v2')
  expect(await state(digest)).toEqual({ listed: true, tagged: false, count: 2 })
  expect(await state(other)).toEqual({ listed: true, tagged: true, count: 2 })

  const subject = { mediaType: OCI_IMAGE, digest, size: first.length }
  const signature = await push(await image('signature', { subject }), 'sig')
  expect(await state(signature)).toEqual({ listed: false, tagged: true, count: 2 })
})

test('a push writes one event, in the same transaction', async () => {
  const digest = await push(await image('event'), 'v1')

  const events = await database.db
    .selectFrom('events')
    .selectAll()
    .where('type', '=', 'artifact.pushed')
    .execute()
  const mine = events.map((event) => event.payload as { digest: string; tags: string[] })
  expect(mine.filter((payload) => payload.digest === digest)).toMatchObject([
    { tags: ['v1'], projectName: 'team', repository: 'app', actor: DEV },
  ])
})

test('a manifest that names unknown blobs is refused and leaves nothing', async () => {
  const config = { mediaType: 'application/vnd.example.config', digest: sha256('missing'), size: 7 }
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_IMAGE, config, layers: [] }))

  await expect(push(bytes, 'v1')).rejects.toEqual(new ReferencesUnknownError([sha256('missing')]))

  expect(await find({ tag: 'v1' })).toBeUndefined()
  expect(
    await database.db.selectFrom('manifests').select('digest').where('digest', '=', sha256(bytes)).execute(),
  ).toEqual([])
})

test('refused pushes leave no objects behind, however many, and do not stand in the way of a good one', async () => {
  const config = { mediaType: 'application/vnd.example.config', digest: sha256('late'), size: 4 }
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_IMAGE, config, layers: [] }))
  for (let round = 0; round < 101; round += 1) {
    await expect(push(bytes, 'v1')).rejects.toBeInstanceOf(ReferencesUnknownError)
  }
  const left = await deps.storage.list('', { limit: 10 })

  await uploadWhole(uploads, repository, body(['late']), sha256('late'))
  await push(bytes, 'v1')

  expect(left).toEqual([])
  expect(await find({ tag: 'v1' })).toBeDefined()
})

test('a blob of another repository does not count', async () => {
  const bytes = await image('foreign')
  repository = await seedRepository(database.db)

  await expect(push(bytes, 'v1')).rejects.toBeInstanceOf(ReferencesUnknownError)
})

test('a size that a referenced blob does not have is refused', async () => {
  const bytes = Buffer.from((await image('sized')).toString().replace('"size":5', '"size":6'))

  await expect(push(bytes, 'v1')).rejects.toBeInstanceOf(ReferenceSizeError)
})

test('an index needs its children unless sparse indexes are allowed', async () => {
  const child = { mediaType: OCI_IMAGE, digest: sha256('no such manifest'), size: 5 }
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [child] }))

  await expect(push(bytes, 'all')).rejects.toEqual(new ReferencesUnknownError([child.digest]))
  deps = { ...deps, sparseIndex: true }
  await push(bytes, 'all')

  expect(await find({ tag: 'all' })).toBeDefined()
})

test('an image needs its blobs unless sparse images are allowed', async () => {
  // It says a wrong size of what nobody has seen yet.
  const layer = { mediaType: 'application/octet-stream', digest: sha256('to come'), size: 70 }
  const bytes = await image('sparse', { layers: [layer, layer] })

  await expect(push(bytes, 'v1')).rejects.toEqual(new ReferencesUnknownError([layer.digest]))
  deps = { ...deps, sparseImages: true }
  await push(bytes, 'v1')
  const before = await findBlob(uploads, { projectId, repository: 'app', digest: layer.digest })
  await uploadWhole(uploads, repository, body(['to come']), layer.digest)

  expect(before).toBeUndefined()
  expect(await findBlob(uploads, { projectId, repository: 'app', digest: layer.digest })).toMatchObject({
    size: 7,
  })
})

test('what an index lists cannot be deleted before the index, and goes with it', async () => {
  const bytes = await image('child')
  const digest = await push(bytes)
  const child = { mediaType: OCI_IMAGE, digest, size: bytes.length }
  const index = await push(
    Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [child] })),
    'all',
  )

  await expect(deleteArtifact(deps, { repository, projectName: 'team' }, digest, DEV)).rejects.toBeInstanceOf(
    ArtifactReferencedError,
  )
  expect(await find({ digest })).toBeDefined()
  expect(await deleteArtifact(deps, { repository, projectName: 'team' }, index, DEV)).toBe(true)
  expect(await find({ digest })).toBeUndefined()
})

test('deleting an artifact takes all its tags, deleting a tag leaves the artifact', async () => {
  const digest = await push(await image('tagged'), 'a', 'b')

  const untagged = await deleteTag(deps, { repository, projectName: 'team' }, 'a', DEV)
  const left = await listTagNames(database.db, repository.id, { last: '', limit: 10 })
  const deleted = await deleteArtifact(deps, { repository, projectName: 'team' }, digest, DEV)

  expect([untagged, left, deleted]).toEqual([true, ['b'], true])
  expect(await listTagNames(database.db, repository.id, { last: '', limit: 10 })).toEqual([])
  expect(await deleteTag(deps, { repository, projectName: 'team' }, 'b', DEV)).toBe(false)
  expect(await deleteArtifact(deps, { repository, projectName: 'team' }, digest, DEV)).toBe(false)
})

test('a push of several tags and the deletion of what has them never wait in a circle', async () => {
  const [one, two] = [await image('circle one'), await image('circle two')]
  // Stored in the opposite of the order in which a push takes them.
  for (const name of ['c', 'b', 'a']) await push(one, name)

  const both = await database.db.transaction().execute(async (tx) => {
    await tx.selectFrom('tags').select('id').where('name', '=', 'b').forUpdate().execute()
    const running = [
      push(two, 'a', 'b', 'c'),
      deleteArtifact(deps, { repository, projectName: 'team' }, sha256(one), DEV),
    ]
    while ((await countWaiting(database.db)) < running.length);
    return { outcome: Promise.allSettled(running) }
  })
  const outcomes = await both.outcome

  expect(outcomes.map((outcome) => outcome.status)).toEqual(['fulfilled', 'fulfilled'])
  expect(await listTagNames(database.db, repository.id, { last: '', limit: 10 })).toEqual(['a', 'b', 'c'])
})

test('of several who make one tag at once, one has it, and the others are known as untagged', async () => {
  for (let round = 0; round < 10; round += 1) {
    const images = await Promise.all(['a', 'b', 'c'].map((name) => image(`${name} of round ${round}`)))
    await Promise.all(images.map((bytes) => push(bytes, `raced-${round}`)))
  }

  const stale = await sql`
    SELECT a.digest FROM artifacts a
    WHERE a.tagged <> EXISTS (SELECT FROM tags t WHERE t.artifact_id = a.id)`.execute(database.db)

  expect(stale.rows).toEqual([])
})

test('a manifest that was deleted can be pushed again', async () => {
  const bytes = await image('again')
  const digest = await push(bytes, 'v1')
  await deleteArtifact(deps, { repository, projectName: 'team' }, digest, DEV)

  await push(bytes, 'v1')

  const artifact = await find({ tag: 'v1' })
  expect(artifact && (await readManifest(deps, artifact)).equals(bytes)).toBe(true)
})

test('tags come in byte order, whatever the language of the host', async () => {
  await push(await image('ordered'), 'b', 'A', 'a', 'B', '_', '1.0', '1-0')

  const all = await listTagNames(database.db, repository.id, { last: '', limit: 10 })
  const page = await listTagNames(database.db, repository.id, { last: 'A', limit: 2 })

  expect(all).toEqual(['1-0', '1.0', 'A', 'B', '_', 'a', 'b'])
  expect(page).toEqual(['B', '_'])
})

test('referrers are listed whether or not their subject is there, and go when deleted', async () => {
  const subject = { mediaType: OCI_IMAGE, digest: sha256('a subject to come'), size: 10 }
  const first = await push(
    await image('r1', { subject, artifactType: 'application/x-a', annotations: { k: 'v' } }),
  )
  await push(await image('r2', { subject }))

  const all = await referrersOf(subject.digest)
  const typed = await referrersOf(subject.digest, { artifactType: 'application/x-a' })
  await deleteArtifact(deps, { repository, projectName: 'team' }, first, DEV)

  expect(all.map((referrer) => referrer.artifactType)).toEqual([
    'application/x-a',
    'application/vnd.example.config',
  ])
  expect(typed).toMatchObject([{ digest: first, annotations: { k: 'v' } }])
  expect(await countReferrers(database.db, repository.id, subject.digest)).toBe(1)
})

test('many pushes that share layers, tags and manifests at once all succeed', async () => {
  const shared = await Promise.all(['l1', 'l2', 'l3'].map((layer) => image(layer)))
  const layers = ['l1', 'l2', 'l3'].map((layer) => ({
    mediaType: 'application/octet-stream',
    digest: sha256(layer),
    size: layer.length,
  }))
  const bodies = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      image(`own ${index % 5}`, { layers: index % 2 ? layers : [...layers].reverse() }),
    ),
  )

  await Promise.all([...bodies, ...shared].map((bytes, index) => push(bytes, 'latest', `t${index % 3}`)))

  expect(await listTagNames(database.db, repository.id, { last: '', limit: 10 })).toEqual([
    'latest',
    't0',
    't1',
    't2',
  ])
})
