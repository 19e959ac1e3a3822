import { afterAll, expect, test } from 'vitest'
import { decide, decideEverywhere } from '../access/decide.ts'
import { createTestDatabase } from '../platform/db/testing.ts'
import { as, buildRest } from '../platform/http/testing.ts'
import { addProject, addRole, projectsDeps } from '../projects/testing.ts'
import { addUser } from '../users/testing.ts'
import { searchRoutes } from './routes.ts'

const { db, drop } = await createTestDatabase()
const projects = projectsDeps(db)
const root = await addUser(db, 'root')
const ann = await addUser(db, 'ann')
const hidden = await addProject(projects, root, 'tool-hidden')
const open = await addProject(projects, root, 'tool-open', true)
await addRole(db, hidden, ann.id, 'guest')
const seen = new Date()
await db
  .insertInto('repositories')
  .values([
    { project_id: hidden, name: 'app', publish_time: seen, pull_count: 7 },
    { project_id: hidden, name: 'unseen' },
    { project_id: open, name: 'web/app_1', publish_time: seen },
    { project_id: open, name: 'deleted', publish_time: seen, deletion_time: seen },
  ])
  .execute()

const app = await buildRest({
  routes: [
    searchRoutes({
      projects,
      countArtifacts: async (_db, ids) => new Map(ids.slice(0, 1).map((id) => [id, 3])),
    }),
  ],
  decide,
  decideEverywhere,
  projectContext: async () => undefined,
})

afterAll(async () => {
  await app.close()
  await drop()
})

async function find(q: string, headers: Record<string, string> = {}) {
  const answer = await app.inject({ url: '/api/v2.0/search', query: { q }, headers })
  expect(answer.statusCode).toBe(200)
  const { project, repository } = answer.json()
  return {
    project,
    repository,
    names: [...project, ...repository].map((found) => found.name ?? found.repository_name),
  }
}

test('everybody finds what he may see', async () => {
  const all = ['tool-hidden', 'tool-open', 'tool-hidden/app', 'tool-open/web/app_1']

  expect((await find('tool')).names).toEqual(['tool-open', 'tool-open/web/app_1'])
  expect((await find('tool', as(ann))).names).toEqual(all)
  expect((await find('tool', as({ ...root, sysadmin: true }))).names).toEqual(all)
  expect((await find('tool', as({ id: 99, username: 'eve' }))).names).toEqual([
    'tool-open',
    'tool-open/web/app_1',
  ])
})

test('what is nought or false is left out', async () => {
  const { repository } = await find('tool', as(ann))

  expect(repository).toEqual([
    {
      project_id: hidden,
      project_name: 'tool-hidden',
      repository_name: 'tool-hidden/app',
      artifact_count: 3,
      pull_count: 7,
    },
    {
      project_id: open,
      project_name: 'tool-open',
      project_public: true,
      repository_name: 'tool-open/web/app_1',
    },
  ])
})

test('a project is told with the roles of the caller and the number of its repositories', async () => {
  const { project } = await find('tool-hidden', as(ann))

  expect(project).toMatchObject([
    {
      name: 'tool-hidden',
      current_user_role_ids: [3],
      metadata: { public: 'false' },
      cve_allowlist: { items: null },
    },
  ])
  expect(project[0]).not.toHaveProperty('owner_name')
})

test('the word means itself, over the slash and in any case of repositories', async () => {
  expect((await find('%')).names).toEqual([])
  expect((await find('p_1')).names).toEqual(['tool-open/web/app_1'])
  expect((await find('b_a')).names).toEqual([])
  expect((await find('OPEN/WEB')).names).toEqual(['tool-open/web/app_1'])
  expect((await find('TOOL')).project).toEqual([])
})

test('a search without a word is refused, and one for what no name can hold finds nothing or is refused', async () => {
  const statusOf = async (query: string) => (await app.inject(`/api/v2.0/search${query}`)).statusCode

  expect([await statusOf(''), await statusOf('?q='), await statusOf(`?q=${'x'.repeat(513)}`)]).toEqual([
    422, 422, 422,
  ])
  expect(await statusOf('?q=%00')).toBe(400)
})

test('of very many the one that is called just so is found', async () => {
  const many = await addProject(projects, root, 'many', true)
  const names = Array.from({ length: 150 }, (_, index) => `needle-${index}`)
  await db
    .insertInto('repositories')
    .values([...names, 'needle'].map((name) => ({ project_id: many, name, publish_time: seen })))
    .execute()

  const { repository } = await find('needle')

  expect(repository).toHaveLength(100)
  expect(repository[0].repository_name).toBe('many/needle')
})
