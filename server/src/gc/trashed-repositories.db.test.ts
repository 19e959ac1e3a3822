import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { deleteArtifact } from '../artifacts/deletion.ts'
import { refuseRepositoryDeletion } from '../artifacts/immutable.ts'
import { countArtifacts, selectNewest } from '../artifacts/listed-store.ts'
import { releaseRepository } from '../artifacts/release.ts'
import { readManifest } from '../artifacts/service.ts'
import { createSweeper } from '../artifacts/sweep.ts'
import { type Bench, openBench } from '../artifacts/testing.ts'
import {
  getTrashedRepository,
  listTrashedRepositories,
  purgeRepository,
  type RepositoryTrashDeps,
  restoreRepository,
} from '../artifacts/trash/repositories/service.ts'
import { listTrash, type TrashDeps } from '../artifacts/trash/service.ts'
import { findBlob, readBlob } from '../blobs/service.ts'
import { sha256 } from '../blobs/testing.ts'
import { createLru } from '../lib/lru.ts'
import { createTestDatabase, type TestDatabase } from '../platform/db/testing.ts'
import { deleteProject } from '../projects/service.ts'
import { changeLimit } from '../quotas/service.ts'
import { renameRepository } from '../repositories/names/service.ts'
import { findAliasTarget } from '../repositories/names/store.ts'
import { deleteRepository, ensureRepository } from '../repositories/service.ts'
import { countRepositories, findRepository } from '../repositories/store.ts'
import { markIdle, reclaimNow } from './collect.ts'
import { scanIdle } from './store.ts'

const ACTOR = { id: 1, username: 'ann' }
const PAGE = { offset: 0, limit: 10 }

let database: TestDatabase
let bench: Bench
let deps: TrashDeps & RepositoryTrashDeps

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())
beforeEach(async () => {
  bench = await openBench(database.db)
  Object.assign(bench.deps, { trashDays: 7, graceSeconds: 0, sparseImages: false })
  deps = {
    ...bench.deps,
    onDeleted: () => undefined,
    reclaim: (ids) =>
      reclaimNow(bench.deps, ids, (_object, error) => {
        throw error
      }),
  }
})

const project = () => ({ id: bench.repository.projectId, name: bench.projectName })

function remove(name = 'app', trashDays = 7): Promise<void> {
  const deletion = {
    ...deps,
    trashDays,
    releaseUsage: releaseRepository,
    refuseDeletion: (tx: typeof database.db, repository: Parameters<typeof refuseRepositoryDeletion>[2]) =>
      refuseRepositoryDeletion(tx, deps, repository),
    tellContent: selectNewest,
  }
  return deleteRepository(deletion, { projectId: project().id, project: project().name, name }, ACTOR)
}

const trash = async () => (await listTrashedRepositories(deps, project().id, PAGE)).repositories
const restore = (id: number, name?: string) =>
  restoreRepository(deps, { project: project(), id, name, actor: ACTOR })
const purge = (id: number) => purgeRepository(deps, project(), id, ACTOR)

async function onlyOne() {
  const [repository, ...others] = await trash()
  expect(others).toEqual([])
  if (!repository) throw new Error('the trash is empty')
  return repository
}

function find(tag: string, repository = 'app') {
  return deps.findReference({ projectId: project().id, repository, tag })
}

async function content(text: string, repository = 'app'): Promise<string | undefined> {
  const blob = await findBlob(bench.deps, { projectId: project().id, repository, digest: sha256(text) })
  if (!blob) return undefined
  const chunks: Buffer[] = []
  for await (const chunk of await readBlob(bench.deps, blob)) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

const idle = async () => {
  await new Promise((resolve) => setTimeout(resolve, 5))
  return (await scanIdle(deps.db, deps.store, { after: 0, limit: 10_000, graceSeconds: 0 })).idle
}
const collect = async () => reclaimNow(bench.deps, await idle(), () => undefined)

function sweep(): Promise<void> {
  return createSweeper({
    ...deps,
    onError: (error) => {
      throw error
    },
  }).sweep()
}

async function used(): Promise<number> {
  const { sum } = await database.db
    .selectFrom('quota_usage')
    .select((eb) => eb.fn.sum<number>('bytes').as('sum'))
    .where('project_id', '=', project().id)
    .executeTakeFirstOrThrow()
  return Number(sum ?? 0)
}

/** All that is known of a repository, but for the ids of events. */
async function portrait(id: number) {
  const { rows } = await sql<{ portrait: unknown }>`
    SELECT jsonb_build_object(
      'repository', (SELECT to_jsonb(r) FROM repositories r WHERE id = ${id}),
      'artifacts', (SELECT jsonb_agg(to_jsonb(a) ORDER BY a.id) FROM artifacts a WHERE repository_id = ${id}),
      'tags', (SELECT jsonb_agg(to_jsonb(t) ORDER BY t.id) FROM tags t WHERE repository_id = ${id}),
      'labels', (SELECT jsonb_agg(to_jsonb(l) ORDER BY l.artifact_id) FROM artifact_labels l
        JOIN artifacts a ON a.id = l.artifact_id WHERE a.repository_id = ${id}),
      'blobs', (SELECT jsonb_agg(to_jsonb(b) ORDER BY b.blob_id) FROM repository_blobs b WHERE repository_id = ${id}),
      'aliases', (SELECT jsonb_agg(to_jsonb(n) ORDER BY n.name) FROM repository_aliases n WHERE repository_id = ${id}),
      'trash', (SELECT jsonb_agg(to_jsonb(x) ORDER BY x.id) FROM trashed_artifacts x WHERE repository_id = ${id})
    ) AS portrait`.execute(database.db)
  return rows[0]?.portrait
}

const expire = () =>
  database.db
    .updateTable('repositories')
    .set({ expiry_time: new Date(0) })
    .where('expiry_time', 'is not', null)
    .execute()

test('a deleted repository is in the trash, is kept from collection, and comes back as it was', async () => {
  const image = await bench.image('precious', {}, 'v1', 'latest')
  const lost = await bench.image('deleted before', {}, 'old')
  await deleteArtifact(deps, bench, lost.digest, ACTOR)
  const { db } = database
  const { id } = bench.repository
  await db
    .updateTable('repositories')
    .set({ description: 'ours', pull_count: 5 })
    .where('id', '=', id)
    .execute()
  await db
    .updateTable('artifacts')
    .set({ pull_time: new Date(7e11) })
    .where('repository_id', '=', id)
    .execute()
  const label = await db
    .insertInto('labels')
    .values({ name: `l${id}` })
    .returning('id')
    .executeTakeFirstOrThrow()
  const [artifact] = await db.selectFrom('artifacts').select('id').where('repository_id', '=', id).execute()
  await db
    .insertInto('artifact_labels')
    .values({ artifact_id: artifact?.id ?? 0, label_id: label.id })
    .execute()
  const body = await readManifest(deps, { id: 0, digest: image.digest })
  const [before, bytes] = [await portrait(id), await used()]

  await remove()
  await sweep()
  await collect()
  const trashed = await onlyOne()
  const meanwhile = {
    found: await find('v1'),
    bytes: await used(),
    shown: (await listTrash(deps, project().id, PAGE)).total,
  }
  const answer = await restore(trashed.id)

  expect(trashed).toMatchObject({ id, name: 'app', username: 'ann', artifacts: 1, pullCount: 5 })
  expect(trashed.expiryTime.getTime() - trashed.deletionTime.getTime()).toBe(7 * 86_400_000)
  expect(meanwhile).toEqual({ found: undefined, bytes: 0, shown: 0 })
  expect(answer).toEqual({ repository: `${project().name}/app`, executionId: undefined })
  expect(await trash()).toEqual([])
  expect(await portrait(id)).toEqual(before)
  expect(await used()).toBe(bytes)
  const found = await find('v1')
  expect(found?.digest).toBe(image.digest)
  const uncached = { ...deps, manifestCache: createLru<string, Buffer>(10, () => 1) }
  expect(await readManifest(uncached, { id: found?.id ?? 0, digest: image.digest })).toEqual(body)
  expect(await content('precious')).toBe('precious')
  expect((await countArtifacts(db, [id])).get(id)).toBe(1)
  expect((await countRepositories(db, [project().id])).get(project().id)).toBe(1)
})

test('nobody can push to what is in the trash, and its name is free', async () => {
  await bench.image('old', {}, 'v1')
  await remove()

  await expect(bench.image('late', {}, 'v2')).rejects.toThrow()
  const fresh = await ensureRepository(deps, project().id, 'app')

  expect(fresh.id).not.toBe(bench.repository.id)
})

test('a name that somebody has pushed to meanwhile is kept by him; another name can be given', async () => {
  const image = await bench.image('old', {}, 'v1')
  await remove()
  const { id } = await onlyOne()
  const fresh = { ...bench, repository: await ensureRepository(deps, project().id, 'app') }
  const { repository } = bench
  bench.repository = fresh.repository
  Object.assign(bench.repository, fresh.repository)
  await database.db
    .updateTable('repositories')
    .set({ publish_time: new Date() })
    .where('id', '=', fresh.repository.id)
    .execute()

  await expect(restore(id)).rejects.toMatchObject({ kind: 'conflict' })
  await expect(restore(id, 'no//name')).rejects.toMatchObject({ kind: 'bad-request' })
  const kept = await trash()
  const answer = await restore(id, 'app-of-before')

  expect(kept).toHaveLength(1)
  expect(answer.repository).toBe(`${project().name}/app-of-before`)
  expect((await find('v1', 'app-of-before'))?.digest).toBe(image.digest)
  expect(await find('v1')).toBeUndefined()
  expect((await findRepository(deps.db, project().id, 'app'))?.id).not.toBe(repository.id)
})

test('a repository that nobody has seen yet gives way', async () => {
  const image = await bench.image('old', {}, 'v1')
  await remove()
  const unseen = await ensureRepository(deps, project().id, 'app')

  await restore((await onlyOne()).id)
  await sweep()

  expect((await findRepository(deps.db, project().id, 'app'))?.id).toBe(bench.repository.id)
  expect((await find('v1'))?.digest).toBe(image.digest)
  expect(await trash()).toEqual([])
  expect(await findRepository(deps.db, project().id, 'app')).not.toMatchObject({ id: unseen.id })
})

async function renameTo(from: string, to: string): Promise<void> {
  const names = { ...deps, moveUsage: async () => undefined, leaveProject: async () => undefined }
  await renameRepository(names, { ...project(), repository: from }, { ...project(), repository: to }, ACTOR)
}

async function another(name: string): Promise<void> {
  await ensureRepository(deps, project().id, name)
  await database.db
    .updateTable('repositories')
    .set({ publish_time: new Date() })
    .where('project_id', '=', project().id)
    .where('name', '=', name)
    .where('deletion_time', 'is', null)
    .execute()
}

test('former names come back as far as they are free, and lead nowhere meanwhile', async () => {
  await bench.image('old', {}, 'v1')
  for (const name of ['second', 'third', 'app']) await renameTo((await names())[0] ?? '', name)
  await remove()
  const meanwhile = await findAliasTarget(deps.db, project().id, 'second')
  await another('second')

  await restore((await onlyOne()).id)

  expect(meanwhile).toBeUndefined()
  expect(await findAliasTarget(deps.db, project().id, 'second')).toBeUndefined()
  expect((await findAliasTarget(deps.db, project().id, 'third'))?.repository.id).toBe(bench.repository.id)
})

async function names(): Promise<string[]> {
  const rows = await database.db
    .selectFrom('repositories')
    .select('name')
    .where('project_id', '=', project().id)
    .where('deletion_time', 'is', null)
    .execute()
  return rows.map(({ name }) => name)
}

test("what is another one's former name by now is not taken from it", async () => {
  await bench.image('old', {}, 'v1')
  await remove()
  await another('other')
  await renameTo('other', 'app')
  await renameTo('app', 'moved-on')
  const { id } = await onlyOne()

  await expect(restore(id)).rejects.toMatchObject({ kind: 'conflict' })
  await restore(id, 'mine')

  expect((await findAliasTarget(deps.db, project().id, 'app'))?.repository.name).toBe('moved-on')
})

test('a project that is full takes nothing back, and the trash keeps all of it', async () => {
  await bench.image('no room', {}, 'v1')
  const bytes = await used()
  await remove()
  const { id } = await onlyOne()
  const limit = (storage: number) => changeLimit({ db: deps.db }, project().id, { storage }, ACTOR)
  await limit(bytes - 1)

  await expect(restore(id)).rejects.toMatchObject({ kind: 'denied' })
  const kept = { trash: await trash(), used: await used() }
  await limit(bytes)
  await restore(id)

  expect(kept.trash).toHaveLength(1)
  expect(kept.used).toBe(0)
  expect(await used()).toBe(bytes)
  expect(await content('no room')).toBe('no room')
})

test('what others reference meanwhile counts once', async () => {
  await bench.image('shared', {}, 'v1')
  const bytes = await used()
  await remove()
  const { id } = await onlyOne()
  const repository = await ensureRepository(deps, project().id, 'app')
  const { repository: former } = bench
  bench.repository = Object.assign(former, repository)
  await bench.image('shared', {}, 'v1')

  await restore(id, 'again')

  expect(await used()).toBe(bytes)
})

test('the trash of another project is not found', async () => {
  await bench.image('mine', {}, 'v1')
  await remove()
  const { id } = await onlyOne()
  const other = await bench.elsewhere()
  const stranger = { id: other.repository.projectId, name: other.projectName }

  const stolen = restoreRepository(deps, { project: stranger, id, name: undefined, actor: ACTOR })
  await expect(stolen).rejects.toMatchObject({ kind: 'not-found' })
  await expect(purgeRepository(deps, stranger, id, ACTOR)).rejects.toMatchObject({ kind: 'not-found' })
  await expect(getTrashedRepository(deps, stranger.id, id)).rejects.toMatchObject({ kind: 'not-found' })
  expect(await trash()).toHaveLength(1)
})

test('what is purged is out of the store at once, its own trash too, but for what others use', async () => {
  const other = await bench.elsewhere()
  await other.image('shared', {}, 'v1')
  await bench.image('shared', {}, 'v1')
  const leaked = await bench.image('a leaked secret', {}, 'v2')
  const earlier = await bench.image('an earlier secret', {}, 'v3')
  await deleteArtifact(deps, bench, earlier.digest, ACTOR)
  await remove()
  const { id } = await onlyOne()

  const done = await purge(id)

  expect(done).toBe(true)
  expect(await trash()).toEqual([])
  await expect(restore(id)).rejects.toMatchObject({ kind: 'not-found' })
  const stored = await database.db
    .selectFrom('blobs')
    .innerJoin('blob_objects', 'blob_objects.blob_id', 'blobs.id')
    .select('digest')
    .where('state', '=', 'stored')
    .where('digest', 'in', [
      sha256('a leaked secret'),
      sha256('an earlier secret'),
      leaked.digest,
      sha256('shared'),
    ])
    .execute()
  expect(stored.map(({ digest }) => digest)).toEqual([sha256('shared')])
  for (const table of ['artifacts', 'tags', 'trashed_artifacts', 'repository_blobs'] as const) {
    expect(
      await database.db.selectFrom(table).select('repository_id').where('repository_id', '=', id).execute(),
    ).toEqual([])
  }
})

test('what has been long enough in the trash goes for good', async () => {
  await bench.image('old', {}, 'v1')
  await remove()
  const { id } = await onlyOne()
  await expire()

  const hidden = await trash()
  await expect(restore(id)).rejects.toMatchObject({ kind: 'not-found' })
  await sweep()
  await collect()

  expect(hidden).toEqual([])
  expect(
    await database.db.selectFrom('artifacts').select('id').where('repository_id', '=', id).execute(),
  ).toEqual([])
  expect(await content('old')).toBeUndefined()
})

test('without days there is no trash, and the sweeper takes what is deleted', async () => {
  await bench.image('gone', {}, 'v1')

  await remove('app', 0)
  await sweep()
  await collect()

  expect(await trash()).toEqual([])
  const { id } = bench.repository
  expect(
    await database.db.selectFrom('artifacts').select('id').where('repository_id', '=', id).execute(),
  ).toEqual([])
  await expect(restore(id)).rejects.toMatchObject({ kind: 'not-found' })
})

const projects = () => ({ db: deps.db, countRepositories }) as unknown as Parameters<typeof deleteProject>[0]

test('a project whose repositories are all in the trash can be deleted, and takes them with it', async () => {
  await bench.image('old', {}, 'v1')
  await remove()
  const { id } = await onlyOne()

  await deleteProject(projects(), project().id, ACTOR)
  await expect(restore(id)).rejects.toMatchObject({ kind: 'not-found' })
  await sweep()

  expect(
    await database.db.selectFrom('artifacts').select('id').where('repository_id', '=', id).execute(),
  ).toEqual([])
})

test('a restore and the deletion of the project: one of them is refused', async () => {
  for (let round = 0; round < 5; round += 1) {
    bench = await bench.elsewhere()
    await bench.image('old', {}, 'v1')
    await remove()
    const { id } = await onlyOne()

    const outcomes = await Promise.allSettled([restore(id), deleteProject(projects(), project().id, ACTOR)])

    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  }
})

test('two who restore the same restore it once', async () => {
  await bench.image('twice', {}, 'v1')
  await remove()
  const { id } = await onlyOne()

  const outcomes = await Promise.allSettled([restore(id), restore(id, 'other')])

  expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  expect((await countRepositories(deps.db, [project().id])).get(project().id)).toBe(1)
})

test('a restore and a push of the same name: one has it, and the other is told', async () => {
  for (let round = 0; round < 5; round += 1) {
    bench = await bench.elsewhere()
    await bench.image('old', {}, 'v1')
    await remove()
    const { id } = await onlyOne()

    const [restored, pushed] = await Promise.allSettled([
      restore(id),
      ensureRepository(deps, project().id, 'app'),
    ])

    expect(pushed.status).toBe('fulfilled')
    expect(restored.status).toBe('fulfilled')
    expect(await names()).toEqual(['app'])
    expect(await find('v1')).toBeDefined()
  }
})

test('a restore against the sweeper and the collector: it is whole, or it was never restored', async () => {
  for (let round = 0; round < 5; round += 1) {
    bench = await bench.elsewhere()
    await bench.image('raced', {}, 'v1')
    const before = await portrait(bench.repository.id)
    await remove()
    const { id } = await onlyOne()
    if (round % 2 === 1) await expire()
    const blobs = await database.db
      .selectFrom('artifact_blobs')
      .select('blob_id')
      .where('repository_id', '=', id)
      .execute()

    const [outcome] = await Promise.allSettled([
      restore(id),
      sweep(),
      markIdle(
        bench.deps,
        blobs.map((blob) => blob.blob_id),
      ),
      purge(id).catch(() => undefined),
    ])

    if (outcome.status === 'fulfilled') {
      expect(await portrait(id)).toEqual(before)
      expect(await content('raced')).toBe('raced')
    } else {
      expect(outcome.reason).toMatchObject({ kind: 'not-found' })
      await sweep()
      expect(await find('v1')).toBeUndefined()
    }
  }
})
