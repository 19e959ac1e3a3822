import { afterAll, expect, test } from 'vitest'
import { createTestDatabase } from '../../platform/db/testing.ts'
import { eventTypes } from '../../platform/events/testing.ts'
import { addUser } from '../../users/testing.ts'
import { findProjectByName } from '../service.ts'
import { addProject, projectsDeps } from '../testing.ts'
import { renameProject } from './service.ts'

const { db, drop } = await createTestDatabase()
const projects = projectsDeps(db)
const ann = await addUser(db, 'ann')
let longest = 0
const deps = { db, longestRepositoryName: async () => longest }

afterAll(drop)

test('two renames to one name at once leave one project with it and the other as it was', async () => {
  const ids = [await addProject(projects, ann, 'one'), await addProject(projects, ann, 'two')]

  const outcomes = await Promise.allSettled(ids.map((id) => renameProject(deps, id, 'both', ann)))

  expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  const winner = outcomes[0]?.status === 'fulfilled' ? 0 : 1
  expect((await findProjectByName({ db }, 'both'))?.id).toBe(ids[winner])
  expect((await findProjectByName({ db }, winner === 0 ? 'two' : 'one'))?.id).toBe(ids[1 - winner])
})

test('a chain of renames leads every former name to the project', async () => {
  const id = await addProject(projects, ann, 'a')

  for (const name of ['b', 'c', 'd']) await renameProject(deps, id, name, ann)

  for (const name of ['a', 'b', 'c', 'd']) expect((await findProjectByName({ db }, name))?.id).toBe(id)
  expect((await eventTypes(db)).filter((type) => type === 'project.renamed')).toHaveLength(4)
})

test('a name that would make a repository unreachable is refused', async () => {
  const id = await addProject(projects, ann, 'short')
  longest = 240

  await expect(renameProject(deps, id, 'sixteen-letters-', ann)).rejects.toMatchObject({
    kind: 'bad-request',
  })
  await expect(renameProject(deps, id, 'fifteen-letters', ann)).rejects.toMatchObject({ kind: 'bad-request' })
  await renameProject(deps, id, 'fourteen-lette', ann)

  expect((await findProjectByName({ db }, 'fourteen-lette'))?.id).toBe(id)
})
