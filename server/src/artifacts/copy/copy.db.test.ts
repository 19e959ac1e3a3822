import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Principal } from '../../access/model.ts'
import { findBlob } from '../../blobs/service.ts'
import { OCI_IMAGE, OCI_IMAGE_CONFIG, OCI_INDEX } from '../../oci/media-types.ts'
import { createTestDatabase, type TestDatabase } from '../../platform/db/testing.ts'
import { QuotaExceededError } from '../../quotas/model.ts'
import type { QuotaRefusal } from '../../quotas/refusals.ts'
import { changeLimit } from '../../quotas/service.ts'
import { lockRepository, markRepositoryDeleted } from '../../repositories/deletion-store.ts'
import { deleteArtifact } from '../deletion.ts'
import { countArtifacts } from '../listed-store.ts'
import { type Bench, openBench } from '../testing.ts'
import { type CopyRequest, copyArtifact } from './service.ts'

const ACTOR = { id: 1, username: 'admin', address: '192.0.2.1' }
const ADMIN: Principal = { kind: 'user', ...ACTOR, sysadmin: true, generation: 1 }
const STRANGER: Principal = { ...ADMIN, sysadmin: false }

let database: TestDatabase
let source: Bench
let target: Bench

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

const refusals: QuotaRefusal[] = []

beforeEach(async () => {
  refusals.length = 0
  source = await openBench(database.db)
  target = await source.elsewhere()
})

function copy(
  reference: string,
  principal = ADMIN,
  to: CopyRequest['to'] = placeOf(target),
): Promise<string> {
  const deps = {
    ...target.deps,
    projectContext: async (_: Principal, name: string) =>
      name === source.projectName
        ? { id: source.repository.projectId, name, public: false, roles: [] }
        : undefined,
    tellQuotaExceeded: async (refusal: QuotaRefusal) => {
      refusals.push(refusal)
    },
  }
  return copyArtifact(deps, {
    from: `${source.projectName}/app${reference}`,
    to,
    principal,
    actor: ACTOR,
  })
}

/** Where copies go in the other project. */
function placeOf({ repository, projectName }: Bench): CopyRequest['to'] {
  return { project: { id: repository.projectId, name: projectName }, repository: 'copied' }
}

/** What stands in the target, by digest. */
async function copied(to = target) {
  const rows = await database.db
    .selectFrom('artifacts')
    .innerJoin('repositories', 'repositories.id', 'artifacts.repository_id')
    .leftJoin('tags', 'tags.artifact_id', 'artifacts.id')
    .select(['artifacts.digest', 'artifacts.type', 'artifacts.listed', 'accessory_of', 'extra_attrs'])
    .select((eb) => eb.fn.agg<string[]>('array_agg', ['tags.name']).as('tags'))
    .where('repositories.project_id', '=', to.repository.projectId)
    .where('repositories.name', '=', 'copied')
    .groupBy('artifacts.id')
    .execute()
  return new Map(rows.map((row) => [row.digest, row]))
}

test('a copy has all tags, what is known of the original, and its blobs', async () => {
  const { digest } = await source.image('one', {}, 'v1', 'latest')

  const reference = await copy(':v1')
  const found = (await copied()).get(digest)

  expect(reference).toBe('v1')
  expect(found).toMatchObject({ type: 'IMAGE', listed: true, extra_attrs: { os: 'one' } })
  expect(found?.tags.sort()).toEqual(['latest', 'v1'])
  const layer = await source.blob('application/vnd.oci.image.layer.v1.tar', 'one')
  const key = { projectId: target.repository.projectId, repository: 'copied', digest: layer.digest }
  expect(await findBlob(target.deps, key)).toMatchObject({ size: 3 })
})

test('a copy can be asked for again and changes nothing', async () => {
  const { digest } = await source.image('one', {}, 'v1')
  await copy(':v1')
  const before = await copied()

  await copy(`@${digest}`)

  expect(await copied()).toEqual(before)
})

test('a copy onto the original changes nothing', async () => {
  const { digest } = await source.image('itself', {}, 'v1')
  const place = { project: { id: source.repository.projectId, name: source.projectName }, repository: 'app' }
  const inSource = () =>
    database.db
      .selectFrom('artifacts')
      .leftJoin('tags', 'tags.artifact_id', 'artifacts.id')
      .select(['artifacts.id', 'digest', 'listed', 'tags.name', 'tags.push_time'])
      .where('artifacts.repository_id', '=', source.repository.id)
      .execute()
  const before = await inSource()

  await copy(`@${digest}`, ADMIN, place)

  expect(await inSource()).toEqual(before)
})

test('an index takes its children along, and everybody their accessories', async () => {
  const child = await source.image('child')
  const index = await source.push({ mediaType: OCI_INDEX, manifests: [child] }, 'all')
  const config = await source.blob('application/vnd.oci.empty.v1+json', '{}')
  const sign = (subject: object) =>
    source.push({
      mediaType: OCI_IMAGE,
      artifactType: 'application/vnd.dev.cosign.artifact.sig.v1+json',
      config,
      layers: [],
      subject,
    })
  const [ofIndex, ofChild] = [await sign(index), await sign(child)]
  const ofSignature = await sign(ofChild)

  await copy(':all')
  const found = await copied()

  expect([...found.keys()].sort()).toEqual(
    [child, index, ofIndex, ofChild, ofSignature].map((one) => one.digest).sort(),
  )
  expect([...found.values()].filter((one) => one.listed).map((one) => one.digest)).toEqual([index.digest])
})

test('a signature by tag keeps its tag', async () => {
  const image = await source.image('signed', {}, 'v1')
  const tag = `${image.digest.replace(':', '-')}.sig`
  const layers = [await source.blob('application/vnd.dev.cosign.simplesigning.v1+json', 'payload')]
  const config = await source.blob(OCI_IMAGE_CONFIG, '{}')
  const signature = await source.push({ mediaType: OCI_IMAGE, config, layers }, tag)

  await copy(':v1')

  expect((await copied()).get(signature.digest)).toMatchObject({ accessory_of: image.digest, tags: [tag] })
})

test('a tag that the target has already moves to the copy', async () => {
  const first = await source.image('first', {}, 'v1')
  await copy(':v1')
  const second = await source.image('second', {}, 'v1')

  await copy(':v1')
  const found = await copied()

  expect(found.get(first.digest)).toMatchObject({ tags: [null], listed: true })
  expect(found.get(second.digest)).toMatchObject({ tags: ['v1'], listed: true })
})

test('the lists of the target count what was copied', async () => {
  const child = await source.image('counted')
  await source.push({ mediaType: OCI_INDEX, manifests: [child] }, 'all')
  await copy(':all')
  const repository = await database.db
    .selectFrom('repositories')
    .select('id')
    .where('project_id', '=', target.repository.projectId)
    .where('name', '=', 'copied')
    .executeTakeFirstOrThrow()

  expect((await countArtifacts(database.db, [repository.id])).get(repository.id)).toBe(1)
})

test('one event tells of a copy, as of a push', async () => {
  const { digest } = await source.image('told', {}, 'v1')
  await copy(':v1')

  const events = await database.db
    .selectFrom('events')
    .select('payload')
    .where('type', '=', 'artifact.pushed')
    .execute()
  const mine = events.map((event) => event.payload as Record<string, unknown>)
  expect(mine.filter((payload) => payload.digest === digest && payload.copiedFrom)).toMatchObject([
    {
      projectName: target.projectName,
      repository: 'copied',
      tags: ['v1'],
      copiedFrom: `${source.projectName}/app`,
      actor: { username: 'admin' },
    },
  ])
})

test.each([
  [':none', 'bad-request'],
  [`@sha256:${'0'.repeat(64)}`, 'bad-request'],
  ['', 'bad-request'],
])('%j of a repository that has no such artifact is a bad request', async (reference, kind) => {
  await expect(copy(reference)).rejects.toMatchObject({ kind })
  expect((await copied()).size).toBe(0)
})

test('who may not pull the original may not copy it', async () => {
  await source.image('secret', {}, 'v1')

  await expect(copy(':v1', STRANGER)).rejects.toMatchObject({ kind: 'forbidden' })
  expect((await copied()).size).toBe(0)
})

test('an accessory is not copied without its subject', async () => {
  const subject = await source.image('subject', {}, 'v1')
  const config = await source.blob('application/vnd.oci.empty.v1+json', '{}')
  const report = {
    mediaType: OCI_IMAGE,
    artifactType: 'application/vnd.example',
    config,
    layers: [],
    subject,
  }
  const { digest } = await source.push(report)

  await expect(copy(`@${digest}`)).rejects.toMatchObject({ kind: 'denied' })
})

test('a copy counts in the project that it goes to, and is refused whole where there is no room', async () => {
  const { digest, size } = await source.image('counted in bytes', {}, 'v1')
  const bytes = size + 'counted in bytes'.length + '{"os":"counted in bytes"}'.length
  const { projectId } = target.repository
  const limit = (storage: number) => changeLimit({ db: database.db }, projectId, { storage }, ACTOR)

  await limit(bytes - 1)
  const refused = await copy(':v1').catch((error: unknown) => error)
  const left = (await copied()).size
  await limit(bytes)
  await copy(':v1')
  await copy(`@${digest}`)
  const { used } = await database.db
    .selectFrom('quota_usage')
    .select((eb) => eb.fn.sum<number>('bytes').as('used'))
    .where('project_id', '=', projectId)
    .executeTakeFirstOrThrow()

  expect(refused).toBeInstanceOf(QuotaExceededError)
  expect(refusals).toMatchObject([
    { project: { id: projectId }, repository: 'copied', digest: expect.any(String) },
  ])
  expect(left).toBe(0)
  expect(Number(used)).toBe(bytes)
})

test('copies and the deletion of their original at once leave whole copies or none', async () => {
  const child = await source.image('raced')
  const index = await source.push({ mediaType: OCI_INDEX, manifests: [child] }, 'all')
  const targets = await Promise.all(Array.from({ length: 6 }, () => source.elsewhere()))
  const place = { repository: source.repository, projectName: source.projectName }

  const outcomes = await Promise.allSettled([
    ...targets.slice(0, 3).map((to) => copy(':all', ADMIN, placeOf(to))),
    deleteArtifact(source.deps, place, index.digest, ACTOR),
    ...targets.slice(3).map((to) => copy(':all', ADMIN, placeOf(to))),
  ])

  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ kind: 'bad-request' })
  }
  for (const to of targets) expect([0, 2]).toContain((await copied(to)).size)
})

test('a copy whose source is deleted while it waits leaves nothing in the target', async () => {
  await source.image('going', {}, 'v1')
  const blocked = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  const deletion = database.db.transaction().execute(async (tx) => {
    await lockRepository(tx, source.repository)
    blocked.resolve()
    await go.promise
    await markRepositoryDeleted(tx, source.repository.id)
  })
  await blocked.promise

  const copying = copy(':v1')
  await new Promise((resolve) => setTimeout(resolve, 200))
  go.resolve()
  await deletion

  await expect(copying).rejects.toThrow('not found')
  expect((await copied()).size).toBe(0)
})

test('a copy and a push that make one tag at once: one has it, and the other is known as untagged', async () => {
  const { repository, projectName } = target
  const to = { project: { id: repository.projectId, name: projectName }, repository: 'app' }
  for (let round = 0; round < 10; round += 1) {
    await source.image(`copied ${round}`, {}, `raced-${round}`)
    await Promise.all([
      copy(`:raced-${round}`, ADMIN, to),
      target.image(`pushed ${round}`, {}, `raced-${round}`),
      target.image(`pushed too ${round}`, {}, `raced-${round}`),
    ])
  }

  const stale = await sql`
    SELECT a.digest FROM artifacts a WHERE a.repository_id = ${repository.id}
      AND a.tagged <> EXISTS (SELECT FROM tags t WHERE t.artifact_id = a.id)`.execute(database.db)

  expect(stale.rows).toEqual([])
})
