import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Principal } from '../access/model.ts'
import { copyArtifact } from '../artifacts/copy/service.ts'
import { deleteArtifact, deleteTag } from '../artifacts/deletion.ts'
import { refuseRepositoryDeletion, withImmutable } from '../artifacts/immutable.ts'
import type { ListedTag } from '../artifacts/model.ts'
import { type Bench, openBench } from '../artifacts/testing.ts'
import { OCI_IMAGE, OCI_IMAGE_CONFIG } from '../oci/media-types.ts'
import { createTestDatabase, type TestDatabase } from '../platform/db/testing.ts'
import type { ListedRepository } from '../repositories/model.ts'
import { deleteRepository } from '../repositories/service.ts'
import { createFindImmutable } from './find-immutable.ts'
import type { RuleContent } from './model.ts'
import { changeRule, createRule, removeRule } from './service.ts'

const ACTOR = { id: 1, username: 'admin', address: '192.0.2.1' }
const ADMIN: Principal = { kind: 'user', ...ACTOR, sysadmin: true, generation: 1 }

let database: TestDatabase
let bench: Bench

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())
beforeEach(async () => {
  bench = await openBench(database.db)
  bench.deps.findImmutable = createFindImmutable()
})

const content = (tags: string, repositories = '**', kind = 'doublestar'): RuleContent => ({
  action: 'immutable',
  tagSelectors: [{ kind, decoration: 'matches', pattern: tags }],
  scopeSelectors: { repository: [{ kind: 'doublestar', decoration: 'repoMatches', pattern: repositories }] },
})
const project = (of = bench) => ({ id: of.repository.projectId, name: of.projectName })
const place = () => ({ repository: bench.repository, projectName: bench.projectName })
const rule = (tags = 'v*', of = bench) =>
  createRule({ db: database.db }, project(of), { disabled: false, content: content(tags) }, ACTOR)

async function digestOf(tag: string, of = bench): Promise<string | undefined> {
  const row = await database.db
    .selectFrom('tags')
    .innerJoin('artifacts', 'artifacts.id', 'tags.artifact_id')
    .innerJoin('repositories', 'repositories.id', 'artifacts.repository_id')
    .select('digest')
    .where('repositories.project_id', '=', of.repository.projectId)
    .where('tags.name', '=', tag)
    .executeTakeFirst()
  return row?.digest
}

const IMMUTABLE = { kind: 'precondition-failed', message: expect.stringContaining('configured as immutable') }

test('an immutable tag goes to no other digest, and others do', async () => {
  const { digest } = await bench.image('one', {}, 'v1', 'dev')
  await rule()

  await expect(bench.image('two', {}, 'v1')).rejects.toMatchObject(IMMUTABLE)
  await expect(bench.image('two', {}, 'dev', 'v1')).rejects.toMatchObject(IMMUTABLE)
  const moved = await bench.image('three', {}, 'dev')
  const fresh = await bench.image('four', {}, 'v2')

  expect([await digestOf('v1'), await digestOf('dev'), await digestOf('v2')]).toEqual([
    digest,
    moved.digest,
    fresh.digest,
  ])
})

test('the same push again is taken', async () => {
  const { digest } = await bench.image('one', {}, 'v1')
  await rule()

  expect((await bench.image('one', {}, 'v1')).digest).toBe(digest)
})

test('of pushes at the same moment to a new immutable tag one is taken, and stays', async () => {
  await rule()
  const outcomes = await Promise.allSettled(
    Array.from({ length: 8 }, (_, at) => bench.image(`racing ${at}`, {}, 'v9')),
  )

  const taken = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value.digest] : []))
  expect(taken).toEqual([await digestOf('v9')])
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject(IMMUTABLE)
  }
})

test('a push that waits for another one of the same new immutable tag is refused', async () => {
  const first = await bench.image('first')
  await rule()
  const made = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  const other = database.db.transaction().execute(async (tx) => {
    const { id } = await tx
      .selectFrom('artifacts')
      .select('id')
      .where('repository_id', '=', bench.repository.id)
      .executeTakeFirstOrThrow()
    await tx
      .insertInto('tags')
      .values({ repository_id: bench.repository.id, name: 'v8', artifact_id: id })
      .execute()
    made.resolve()
    await go.promise
  })
  await made.promise

  const push = bench.image('second', {}, 'v8').catch((error: unknown) => error)
  await new Promise((resolve) => setTimeout(resolve, 200))
  go.resolve()
  await other

  expect(await push).toMatchObject(IMMUTABLE)
  expect(await digestOf('v8')).toBe(first.digest)
})

test('a tag, its artifact and its repository stay', async () => {
  const { digest } = await bench.image('one', {}, 'v1')
  await rule()
  const deletion = {
    ...bench.deps,
    releaseUsage: async () => true,
    tellContent: async () => [],
    refuseDeletion: (tx: typeof database.db, repository: ListedRepository) =>
      refuseRepositoryDeletion(tx, bench.deps, repository),
  }
  const key = { projectId: project().id, project: bench.projectName, name: bench.repository.name }

  await expect(deleteTag(bench.deps, place(), 'v1', ACTOR)).rejects.toMatchObject(IMMUTABLE)
  await expect(deleteArtifact(bench.deps, place(), digest, ACTOR)).rejects.toMatchObject(IMMUTABLE)
  await expect(deleteRepository(deletion, key, ACTOR)).rejects.toMatchObject(IMMUTABLE)
  expect(await digestOf('v1')).toBe(digest)
})

test('a disabled rule, and one of another project or repository, keeps nothing', async () => {
  await bench.image('one', {}, 'v1')
  const id = await rule()
  await rule('**', await bench.elsewhere())
  await createRule(
    { db: database.db },
    project(),
    { disabled: false, content: content('**', 'other/**') },
    ACTOR,
  )
  await changeRule({ db: database.db }, project(), { id, disabled: true, content: content('v*') }, ACTOR)

  const moved = await bench.image('two', {}, 'v1')
  expect(await digestOf('v1')).toBe(moved.digest)
  await removeRule({ db: database.db }, project(), id, ACTOR)
  await expect(removeRule({ db: database.db }, project(), id, ACTOR)).rejects.toMatchObject({
    kind: 'not-found',
  })
})

test('signatures can be attached to what is immutable, and a second one too', async () => {
  const image = await bench.image('signed', {}, 'v1')
  await rule('**')
  const config = await bench.blob(OCI_IMAGE_CONFIG, '{}')
  const sign = async (text: string) => {
    const layers = [await bench.blob('application/vnd.dev.cosign.simplesigning.v1+json', text)]
    return await bench.push({ mediaType: OCI_IMAGE, config, layers }, `${image.digest.replace(':', '-')}.sig`)
  }

  await sign('first')
  const second = await sign('second')

  expect(await digestOf(`${image.digest.replace(':', '-')}.sig`)).toBe(second.digest)
})

test('a copy moves no immutable tag', async () => {
  const target = await bench.elsewhere()
  await bench.image('one', {}, 'v1')
  const copy = () =>
    copyArtifact(
      {
        ...bench.deps,
        projectContext: async () => ({ ...project(), public: false, roles: [] }),
        tellQuotaExceeded: async () => undefined,
      },
      {
        from: `${bench.projectName}/app:v1`,
        to: { project: project(target), repository: 'copied' },
        principal: ADMIN,
        actor: ACTOR,
      },
    )
  await copy()
  await rule('v*', target)
  const before = await digestOf('v1', target)
  await copy()
  await bench.image('two', {}, 'v1')

  await expect(copy()).rejects.toMatchObject(IMMUTABLE)
  expect(await digestOf('v1', target)).toBe(before)
})

test('readers see what is immutable, by versions too', async () => {
  await createRule(
    { db: database.db },
    project(),
    { disabled: false, content: content('>=1.0.0', '**', 'semver') },
    ACTOR,
  )
  const tag = (name: string): ListedTag => ({
    id: 1,
    repositoryId: 1,
    artifactId: 1,
    name,
    pushTime: new Date(),
    pullTime: undefined,
  })
  const [shown] = await withImmutable({ ...bench.deps, db: database.db }, project().id, [
    { repositoryName: 'app', tags: [tag('v1.2.0'), tag('0.9.0')] },
  ])

  expect(shown?.tags.map(({ immutable }) => immutable)).toEqual([true, false])
})

test('the same rule twice is a conflict, and a pattern that cannot be read is refused', async () => {
  await rule()

  await expect(rule()).rejects.toMatchObject({ kind: 'conflict' })
  await expect(rule('[')).rejects.toMatchObject({ kind: 'bad-request' })
})
