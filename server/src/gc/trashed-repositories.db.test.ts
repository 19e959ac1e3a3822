import { expect, test } from 'vitest'
import { deleteArtifact } from '../artifacts/deletion.ts'
import { countArtifacts } from '../artifacts/listed-store.ts'
import { readManifest } from '../artifacts/service.ts'
import {
  getTrashedRepository,
  purgeRepository,
  restoreRepository,
} from '../artifacts/trash/repositories/service.ts'
import { listTrash } from '../artifacts/trash/service.ts'
import { sha256 } from '../blobs/testing.ts'
import { createLru } from '../lib/lru.ts'
import { changeLimit } from '../quotas/service.ts'
import { ensureRepository } from '../repositories/service.ts'
import { countRepositories } from '../repositories/store.ts'
import { ACTOR, PAGE, useTrashedRepositories } from './testing-repositories.ts'

/** Deleted repositories: what becomes of what is in them, and of what they use. */

const stage = useTrashedRepositories()
const {
  project,
  remove,
  trash,
  restore,
  purge,
  onlyOne,
  find,
  content,
  collect,
  sweep,
  used,
  portrait,
  expire,
} = stage

test('a deleted repository is in the trash, is kept from collection, and comes back as it was', async () => {
  const image = await stage.bench.image('precious', {}, 'v1', 'latest')
  const lost = await stage.bench.image('deleted before', {}, 'old')
  await deleteArtifact(stage.deps, stage.bench, lost.digest, ACTOR)
  const { db } = stage.deps
  const { id } = stage.bench.repository
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
  const body = await readManifest(stage.deps, { id: 0, digest: image.digest })
  const [before, bytes] = [await portrait(id), await used()]

  await remove()
  await sweep()
  await collect()
  const trashed = await onlyOne()
  const meanwhile = {
    found: await find('v1'),
    bytes: await used(),
    shown: (await listTrash(stage.deps, project().id, PAGE)).total,
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
  const uncached = { ...stage.deps, manifestCache: createLru<string, Buffer>(10, () => 1) }
  expect(await readManifest(uncached, { id: found?.id ?? 0, digest: image.digest })).toEqual(body)
  expect(await content('precious')).toBe('precious')
  expect((await countArtifacts(db, [id])).get(id)).toBe(1)
  expect((await countRepositories(db, [project().id])).get(project().id)).toBe(1)
})

test('a project that is full takes nothing back, and the trash keeps all of it', async () => {
  await stage.bench.image('no room', {}, 'v1')
  const bytes = await used()
  await remove()
  const { id } = await onlyOne()
  const limit = (storage: number) => changeLimit({ db: stage.deps.db }, project().id, { storage }, ACTOR)
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
  await stage.bench.image('shared', {}, 'v1')
  const bytes = await used()
  await remove()
  const { id } = await onlyOne()
  const repository = await ensureRepository(stage.deps, project().id, 'app')
  const { repository: former } = stage.bench
  stage.bench.repository = Object.assign(former, repository)
  await stage.bench.image('shared', {}, 'v1')

  await restore(id, 'again')

  expect(await used()).toBe(bytes)
})

test('the trash of another project is not found', async () => {
  await stage.bench.image('mine', {}, 'v1')
  await remove()
  const { id } = await onlyOne()
  const other = await stage.bench.elsewhere()
  const stranger = { id: other.repository.projectId, name: other.projectName }

  const stolen = restoreRepository(stage.deps, { project: stranger, id, name: undefined, actor: ACTOR })
  await expect(stolen).rejects.toMatchObject({ kind: 'not-found' })
  await expect(purgeRepository(stage.deps, stranger, id, ACTOR)).rejects.toMatchObject({ kind: 'not-found' })
  await expect(getTrashedRepository(stage.deps, stranger.id, id)).rejects.toMatchObject({ kind: 'not-found' })
  expect(await trash()).toHaveLength(1)
})

test('what is purged is out of the store at once, its own trash too, but for what others use', async () => {
  const other = await stage.bench.elsewhere()
  await other.image('shared', {}, 'v1')
  await stage.bench.image('shared', {}, 'v1')
  const leaked = await stage.bench.image('a leaked secret', {}, 'v2')
  const earlier = await stage.bench.image('an earlier secret', {}, 'v3')
  await deleteArtifact(stage.deps, stage.bench, earlier.digest, ACTOR)
  await remove()
  const { id } = await onlyOne()

  const done = await purge(id)

  expect(done).toBe(true)
  expect(await trash()).toEqual([])
  await expect(restore(id)).rejects.toMatchObject({ kind: 'not-found' })
  const stored = await stage.deps.db
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
      await stage.deps.db.selectFrom(table).select('repository_id').where('repository_id', '=', id).execute(),
    ).toEqual([])
  }
})

test('what has been long enough in the trash goes for good', async () => {
  await stage.bench.image('old', {}, 'v1')
  await remove()
  const { id } = await onlyOne()
  await expire()

  const hidden = await trash()
  await expect(restore(id)).rejects.toMatchObject({ kind: 'not-found' })
  await sweep()
  await collect()

  expect(hidden).toEqual([])
  expect(
    await stage.deps.db.selectFrom('artifacts').select('id').where('repository_id', '=', id).execute(),
  ).toEqual([])
  expect(await content('old')).toBeUndefined()
})

test('without days there is no trash, and the sweeper takes what is deleted', async () => {
  await stage.bench.image('gone', {}, 'v1')

  await remove('app', 0)
  await sweep()
  await collect()

  expect(await trash()).toEqual([])
  const { id } = stage.bench.repository
  expect(
    await stage.deps.db.selectFrom('artifacts').select('id').where('repository_id', '=', id).execute(),
  ).toEqual([])
  await expect(restore(id)).rejects.toMatchObject({ kind: 'not-found' })
})
