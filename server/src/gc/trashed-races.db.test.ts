import { expect, test } from 'vitest'
import { deleteProject } from '../projects/service.ts'
import { ensureRepository } from '../repositories/service.ts'
import { countRepositories } from '../repositories/store.ts'
import { markIdle } from './collect.ts'
import { ACTOR, useTrashedRepositories } from './testing-repositories.ts'

/** Deleted repositories, and who else wants something of them at the same moment. */

const stage = useTrashedRepositories()
const { project, remove, restore, purge, onlyOne, find, content, sweep, portrait, expire, names } = stage

const projects = () =>
  ({ db: stage.deps.db, countRepositories }) as unknown as Parameters<typeof deleteProject>[0]

test('a project whose repositories are all in the trash can be deleted, and takes them with it', async () => {
  await stage.bench.image('old', {}, 'v1')
  await remove()
  const { id } = await onlyOne()

  await deleteProject(projects(), project().id, ACTOR)
  await expect(restore(id)).rejects.toMatchObject({ kind: 'not-found' })
  await sweep()

  expect(
    await stage.deps.db.selectFrom('artifacts').select('id').where('repository_id', '=', id).execute(),
  ).toEqual([])
})

test('a restore and the deletion of the project: one of them is refused', async () => {
  for (let round = 0; round < 5; round += 1) {
    stage.bench = await stage.bench.elsewhere()
    await stage.bench.image('old', {}, 'v1')
    await remove()
    const { id } = await onlyOne()

    const outcomes = await Promise.allSettled([restore(id), deleteProject(projects(), project().id, ACTOR)])

    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  }
})

test('two who restore the same restore it once', async () => {
  await stage.bench.image('twice', {}, 'v1')
  await remove()
  const { id } = await onlyOne()

  const outcomes = await Promise.allSettled([restore(id), restore(id, 'other')])

  expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  expect((await countRepositories(stage.deps.db, [project().id])).get(project().id)).toBe(1)
})

test('a restore and a push of the same name: one has it, and the other is told', async () => {
  for (let round = 0; round < 5; round += 1) {
    stage.bench = await stage.bench.elsewhere()
    await stage.bench.image('old', {}, 'v1')
    await remove()
    const { id } = await onlyOne()

    const [restored, pushed] = await Promise.allSettled([
      restore(id),
      ensureRepository(stage.deps, project().id, 'app'),
    ])

    expect(pushed.status).toBe('fulfilled')
    expect(restored.status).toBe('fulfilled')
    expect(await names()).toEqual(['app'])
    expect(await find('v1')).toBeDefined()
  }
})

test('a restore against the sweeper and the collector: it is whole, or it was never restored', async () => {
  for (let round = 0; round < 5; round += 1) {
    stage.bench = await stage.bench.elsewhere()
    await stage.bench.image('raced', {}, 'v1')
    const before = await portrait(stage.bench.repository.id)
    await remove()
    const { id } = await onlyOne()
    if (round % 2 === 1) await expire()
    const blobs = await stage.deps.db
      .selectFrom('artifact_blobs')
      .select('blob_id')
      .where('repository_id', '=', id)
      .execute()

    const [outcome] = await Promise.allSettled([
      restore(id),
      sweep(),
      markIdle(
        stage.bench.deps,
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
