import { afterAll, beforeAll, expect, test } from 'vitest'
import type { PermissionSet, UserPrincipal } from '../access/model.ts'
import { createTestDatabase, type TestDatabase } from '../platform/db/testing.ts'
import { addUser } from '../users/testing.ts'
import { listProjects } from './listing.ts'
import { addProject, projectsDeps } from './testing.ts'

let database: TestDatabase
let ann: UserPrincipal
let ids: Record<'open' | 'mine' | 'too' | 'foreign', number>

beforeAll(async () => {
  database = await createTestDatabase()
  const { db } = database
  const deps = projectsDeps(db)
  const user = await addUser(db, 'ann')
  const other = await addUser(db, 'bob')
  ann = { kind: 'user', id: user.id, username: 'ann', sysadmin: false, generation: 1 }
  ids = {
    open: await addProject(deps, other, 'open', true),
    mine: await addProject(deps, user, 'mine'),
    too: await addProject(deps, user, 'too'),
    foreign: await addProject(deps, other, 'foreign'),
  }
})
afterAll(() => database.drop())

const visible = async (principal: UserPrincipal) => {
  const page = { offset: 0, limit: 100 }
  const { projects } = await listProjects(projectsDeps(database.db), principal, {
    filters: [],
    orders: [],
    page,
  })
  return projects.map(({ name }) => name).sort()
}
const only = (...projectIds: number[]): PermissionSet => ({
  system: new Set(),
  everyProject: new Set(),
  projects: new Map(projectIds.map((id) => [id, new Set(['project:read' as const])])),
})

test('with an access token for single projects one sees these, and what is public', async () => {
  expect(await visible(ann)).toEqual(['mine', 'open', 'too'])
  expect(await visible({ ...ann, limits: only(ids.mine) })).toEqual(['mine', 'open'])
  expect(await visible({ ...ann, limits: only(ids.foreign) })).toEqual(['open'])
})

test('so does an administrator, a member or not', async () => {
  const root = { ...ann, sysadmin: true }

  expect(await visible(root)).toEqual(['foreign', 'mine', 'open', 'too'])
  expect(await visible({ ...root, limits: only(ids.foreign) })).toEqual(['foreign', 'open'])
})
