import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Principal } from '../access/model.ts'
import { lockIdle } from '../blobs/collect-store.ts'
import { sha256 } from '../blobs/testing.ts'
import type { Descriptor } from '../oci/manifest.ts'
import { OCI_IMAGE, OCI_IMAGE_CONFIG, OCI_INDEX } from '../oci/media-types.ts'
import type { Database } from '../platform/db/database.ts'
import { createTestDatabase, type TestDatabase } from '../platform/db/testing.ts'
import { type Circle, watchCircles } from '../platform/db/transact.ts'
import { lockRepository, markRepositoryDeleted } from '../repositories/deletion-store.ts'
import { addPullCounts, holdRepository, raiseActivity } from '../repositories/store.ts'
import { copyArtifact } from './copy/service.ts'
import { deleteArtifact } from './deletion.ts'
import { getArtifact } from './reading.ts'
import { recountProject } from './recount.ts'
import { moveUsage } from './release.ts'
import { createTag } from './tags/service.ts'
import { type Bench, openBench } from './testing.ts'
import { restoreRepository } from './trash/repositories/service.ts'

/** Two who want the same rows take them in the same order: nobody waits in a circle. Each of these did once. */

const ACTOR = { id: 1, username: 'dev' }
const ADMIN = { kind: 'user', id: 1, username: 'admin', sysadmin: true } as unknown as Principal
const SIGNATURE = 'application/vnd.dev.cosign.artifact.sig.v1+json'

let database: TestDatabase
let bench: Bench
const circles: Circle[] = []

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())
beforeEach(async () => {
  circles.length = 0
  bench = await openBench(watchCircles(database.db, (circle) => circles.push(circle)))
})

const held: (() => Promise<void>)[] = []
// After a failure nobody is to wait on.
afterEach(async () => {
  for (const letGo of held.splice(0)) await letGo()
})

/** A transaction that has locked something, until it is told to end. */
async function hold(work: (tx: Database) => Promise<unknown>): Promise<() => Promise<void>> {
  const locked = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  const transaction = database.db.transaction().execute(async (tx) => {
    await work(tx)
    locked.resolve()
    await go.promise
  })
  await locked.promise
  const letGo = async () => {
    go.resolve()
    await transaction
  }
  held.push(letGo)
  return letGo
}

/** Until so many sessions wait for locks. */
async function waiting(count: number): Promise<void> {
  const look = async () => {
    const { rows } = await sql<{ count: number }>`
      SELECT count(*)::int AS count FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock'`.execute(database.db)
    return rows[0]?.count
  }
  await expect.poll(look, { timeout: 10_000, interval: 10 }).toBe(count)
}

/** Starts them one behind the other, each once those before it wait, lets go what they wait for, and waits for all. */
async function inTurn(letGo: () => Promise<void>, ...works: (() => Promise<unknown>)[]): Promise<unknown[]> {
  const running: Promise<unknown>[] = []
  for (const work of works) {
    running.push(work().catch((error: unknown) => error))
    await waiting(running.length)
  }
  await letGo()
  return await Promise.all(running)
}

const place = (of = bench) => ({ repository: of.repository, projectName: of.projectName })
const remove = (digest: string) => deleteArtifact(bench.deps, place(), digest, ACTOR)

/** Whoever counts something in the project, or gives it back, waits for this. */
const holdCounts = () =>
  hold((tx) =>
    sql`SELECT FROM project_blobs WHERE project_id = ${bench.repository.projectId} FOR UPDATE`.execute(tx),
  )

async function sign(subject: object, of = bench) {
  const config = await of.blob('application/vnd.oci.empty.v1+json', '{}')
  return { mediaType: OCI_IMAGE, artifactType: SIGNATURE, config, layers: [], subject }
}

test.each([
  ['pull counts', (tx: Database, id: number) => addPullCounts(tx, new Map([[id, 1]]))],
  ['activity', (tx: Database, id: number) => raiseActivity(tx, [{ id, time: new Date(Date.now() + 1000) }])],
])('%s of a repository, written behind a push and others, and its deletion', async (_, write) => {
  const { id } = bench.repository
  const push = await hold((tx) => holdRepository(tx, bench.repository))
  const before = await hold((tx) => addPullCounts(tx, new Map([[id, 1]])))

  const writing = database.db.transaction().execute((tx) => write(tx, id))
  await waiting(1)
  const deletion = database.db.transaction().execute((tx) => lockRepository(tx, bench.repository))
  await waiting(2)
  await before()

  await expect(writing).resolves.toBeUndefined()
  await push()
  await expect(deletion).resolves.toBe(true)
})

test('a repository that is restored where an unseen one has the name, and the activity of both', async () => {
  const { db } = database
  const deps = { ...bench.deps, reclaim: async () => true, onDeleted: () => undefined }
  const project = { id: bench.repository.projectId, name: bench.projectName }
  const { id } = await db
    .insertInto('repositories')
    .values({ project_id: project.id, name: 'trashed' })
    .returning('id')
    .executeTakeFirstOrThrow()
  await markRepositoryDeleted(db, id, { days: 7, username: 'dev', released: true })
  const unseen = bench.repository.id
  expect(unseen).toBeLessThan(id)
  // A first push that is under way.
  const letGo = await hold((tx) =>
    sql`SELECT FROM repositories WHERE id = ${unseen} FOR KEY SHARE`.execute(tx),
  )

  const restoring = restoreRepository(deps, { project, id, name: 'app', actor: ACTOR })
  await waiting(1)
  const time = new Date(Date.now() + 1000)
  const raising = db.transaction().execute((tx) =>
    raiseActivity(
      tx,
      [unseen, id].map((each) => ({ id: each, time })),
    ),
  )
  await Promise.race([raising, new Promise((resolve) => setTimeout(resolve, 200))])
  await letGo()

  await expect(raising).resolves.toBeUndefined()
  await expect(restoring).resolves.toMatchObject({ repository: `${project.name}/app` })
  expect(circles).toEqual([])
})

test('an index that goes, and a new one under its tag with the same image', async () => {
  const image = await bench.image('shared')
  const old = await bench.push({ mediaType: OCI_INDEX, manifests: [image] }, 'all')
  const newer = { mediaType: OCI_INDEX, manifests: [image], annotations: { version: '2' } }
  const letGo = await hold((tx) =>
    sql`SELECT FROM tags WHERE repository_id = ${bench.repository.id} FOR UPDATE`.execute(tx),
  )

  const outcomes = await inTurn(
    letGo,
    () => remove(old.digest),
    () => bench.push(newer, 'all'),
  )

  expect(circles).toEqual([])
  // The image went with the index, which came first.
  expect(outcomes[0]).toBe(true)
})

test('an index that goes with an older image, and one that is pushed again with it', async () => {
  const image = await bench.image('older')
  const index = { mediaType: OCI_INDEX, manifests: [image] }
  const { digest } = await bench.push(index)
  const letGo = await holdCounts()

  const outcomes = await inTurn(
    letGo,
    () => bench.push(index),
    () => remove(digest),
  )

  expect(outcomes).toMatchObject([{ digest }, true])
  expect(circles).toEqual([])
})

test('a signature that is pushed again, and its deletion', async () => {
  const signature = await sign(await bench.image('signed', {}, 'v1'))
  const { digest } = await bench.push(signature)
  const letGo = await holdCounts()

  const outcomes = await inTurn(
    letGo,
    () => bench.push(signature),
    () => remove(digest),
  )

  expect(outcomes).toMatchObject([{ digest }, true])
  expect(circles).toEqual([])
})

test('a copy of what is there already, and its deletion there', async () => {
  const source = await bench.elsewhere()
  const of = async (from: Bench) => {
    const image = await from.image('copied', {}, 'v1')
    return (await from.push(await sign(image, from))).digest
  }
  await of(source)
  const signature = await of(bench)
  const deps = {
    ...bench.deps,
    projectContext: async () => ({
      id: source.repository.projectId,
      name: source.projectName,
      public: false,
      roles: [],
    }),
    tellQuotaExceeded: async () => undefined,
  }
  const { projectId, name } = bench.repository
  const request = {
    from: `${source.projectName}/app:v1`,
    to: { project: { id: projectId, name: bench.projectName }, repository: name },
    principal: ADMIN,
    actor: { ...ACTOR, address: '' },
  }
  const letGo = await holdCounts()

  const outcomes = await inTurn(
    letGo,
    () => copyArtifact(deps, request),
    () => remove(signature),
  )

  expect(outcomes).toEqual(['v1', true])
  expect(circles).toEqual([])
})

test('two pushes of one image under a tag that somebody makes between them', async () => {
  const document = { mediaType: OCI_IMAGE, config: await bench.blob('c', 'config'), layers: [] }
  await bench.push(document, 'v1')
  const { projectId } = bench.repository
  const other = await bench.image('other', {}, 'v2')
  const key = { projectId, project: bench.projectName, name: 'app' }
  const artifact = await getArtifact(bench.deps, key, other.digest)
  const letGo = await holdCounts()

  const first = bench.push(document, 'new')
  await waiting(1)
  await createTag(bench.deps, artifact, 'new', ACTOR)
  const second = bench.push(document, 'new')
  await waiting(2)
  await letGo()

  await Promise.all([first, second])
  expect(circles).toEqual([])
})

/** Two blobs of the bench's repository whose ids come in the other order than their digests, of an image that is there. */
async function crossedImage(): Promise<{ first: Descriptor; second: Descriptor }> {
  for (let round = 0; ; round += 1) {
    const texts = [`crossed ${round}`, `crossed too ${round}`] as const
    if (sha256(texts[0]) < sha256(texts[1])) continue
    const config = await bench.blob(OCI_IMAGE_CONFIG, texts[0])
    const layer = await bench.blob('application/vnd.oci.image.layer.v1.tar', texts[1])
    await bench.push({ mediaType: OCI_IMAGE, config, layers: [layer] })
    return { first: config, second: layer }
  }
}

test.each([
  [
    'a repository that is restored',
    async () => {
      const { id, projectId } = bench.repository
      await database.db.transaction().execute(async (tx) => {
        await lockRepository(tx, bench.repository)
        await markRepositoryDeleted(tx, id, { days: 7, username: 'dev', released: false })
      })
      const deps = { ...bench.deps, reclaim: async () => true, onDeleted: () => undefined }
      await sql`DELETE FROM project_blobs WHERE project_id = ${projectId}`.execute(database.db)
      return () =>
        restoreRepository(deps, {
          project: { id: projectId, name: bench.projectName },
          id,
          name: undefined,
          actor: ACTOR,
        })
    },
  ],
  [
    'one that moves to another project',
    async () => {
      const other = await bench.elsewhere()
      const projects = { from: bench.repository.projectId, to: other.repository.projectId }
      return () =>
        database.db
          .transaction()
          .execute((tx) => moveUsage(tx, bench.deps.quotas, bench.repository.id, projects))
    },
  ],
  [
    'a project that is counted anew',
    async () => {
      const { projectId } = bench.repository
      await sql`DELETE FROM project_blobs WHERE project_id = ${projectId}`.execute(database.db)
      return () => recountProject(bench.deps.db, projectId)
    },
  ],
])('%s, and blobs that are reclaimed at once', async (_, prepare) => {
  const { first, second } = await crossedImage()
  const counts = await prepare()
  const idOf = async ({ digest }: Descriptor) =>
    (
      await database.db
        .selectFrom('blobs')
        .select('id')
        .where('digest', '=', digest)
        .executeTakeFirstOrThrow()
    ).id
  const ids = [await idOf(first), await idOf(second)]
  const letGo = await hold((tx) => sql`SELECT FROM blobs WHERE id = ${ids[1]} FOR UPDATE`.execute(tx))

  const outcomes = await inTurn(
    letGo,
    () => database.db.transaction().execute((tx) => lockIdle(tx, bench.deps.store, ids, 'now')),
    counts,
  )

  expect(ids[0]).toBeLessThan(ids[1] ?? 0)
  for (const outcome of outcomes) expect(outcome).not.toBeInstanceOf(Error)
  expect(circles).toEqual([])
})
