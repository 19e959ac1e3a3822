import { expect, test } from 'vitest'
import { renameRepository } from '../repositories/names/service.ts'
import { findAliasTarget } from '../repositories/names/store.ts'
import { ensureRepository } from '../repositories/service.ts'
import { findRepository } from '../repositories/store.ts'
import { ACTOR, useTrashedRepositories } from './testing-repositories.ts'

/** The names of deleted repositories: free, taken by others, and given back. */

const stage = useTrashedRepositories()
const { project, remove, trash, restore, onlyOne, find, sweep, names } = stage

test('nobody can push to what is in the trash, and its name is free', async () => {
  await stage.bench.image('old', {}, 'v1')
  await remove()

  await expect(stage.bench.image('late', {}, 'v2')).rejects.toThrow()
  const fresh = await ensureRepository(stage.deps, project().id, 'app')

  expect(fresh.id).not.toBe(stage.bench.repository.id)
})

test('a name that somebody has pushed to meanwhile is kept by him; another name can be given', async () => {
  const image = await stage.bench.image('old', {}, 'v1')
  await remove()
  const { id } = await onlyOne()
  const fresh = { ...stage.bench, repository: await ensureRepository(stage.deps, project().id, 'app') }
  const { repository } = stage.bench
  stage.bench.repository = fresh.repository
  Object.assign(stage.bench.repository, fresh.repository)
  await stage.deps.db
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
  expect((await findRepository(stage.deps.db, project().id, 'app'))?.id).not.toBe(repository.id)
})

test('a repository that nobody has seen yet gives way', async () => {
  const image = await stage.bench.image('old', {}, 'v1')
  await remove()
  const unseen = await ensureRepository(stage.deps, project().id, 'app')

  await restore((await onlyOne()).id)
  await sweep()

  expect((await findRepository(stage.deps.db, project().id, 'app'))?.id).toBe(stage.bench.repository.id)
  expect((await find('v1'))?.digest).toBe(image.digest)
  expect(await trash()).toEqual([])
  expect(await findRepository(stage.deps.db, project().id, 'app')).not.toMatchObject({ id: unseen.id })
})

async function renameTo(from: string, to: string): Promise<void> {
  const names = { ...stage.deps, moveUsage: async () => undefined, leaveProject: async () => undefined }
  await renameRepository(names, { ...project(), repository: from }, { ...project(), repository: to }, ACTOR)
}

async function another(name: string): Promise<void> {
  await ensureRepository(stage.deps, project().id, name)
  await stage.deps.db
    .updateTable('repositories')
    .set({ publish_time: new Date() })
    .where('project_id', '=', project().id)
    .where('name', '=', name)
    .where('deletion_time', 'is', null)
    .execute()
}

test('former names come back as far as they are free, and lead nowhere meanwhile', async () => {
  await stage.bench.image('old', {}, 'v1')
  for (const name of ['second', 'third', 'app']) await renameTo((await names())[0] ?? '', name)
  await remove()
  const meanwhile = await findAliasTarget(stage.deps.db, project().id, 'second')
  await another('second')

  await restore((await onlyOne()).id)

  expect(meanwhile).toBeUndefined()
  expect(await findAliasTarget(stage.deps.db, project().id, 'second')).toBeUndefined()
  expect((await findAliasTarget(stage.deps.db, project().id, 'third'))?.repository.id).toBe(
    stage.bench.repository.id,
  )
})

test("what is another one's former name by now is not taken from it", async () => {
  await stage.bench.image('old', {}, 'v1')
  await remove()
  await another('other')
  await renameTo('other', 'app')
  await renameTo('app', 'moved-on')
  const { id } = await onlyOne()

  await expect(restore(id)).rejects.toMatchObject({ kind: 'conflict' })
  await restore(id, 'mine')

  expect((await findAliasTarget(stage.deps.db, project().id, 'app'))?.repository.name).toBe('moved-on')
})
