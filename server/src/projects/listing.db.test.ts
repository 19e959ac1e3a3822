import { sql } from 'kysely'
import { afterAll, expect, test } from 'vitest'
import type { Principal } from '../access/model.ts'
import { createTestDatabase } from '../platform/db/testing.ts'
import { addUser } from '../users/testing.ts'
import { describeProject, listProjects, type ProjectListRequest } from './listing.ts'
import { getProject } from './service.ts'
import { addProject, addRole, projectsDeps } from './testing.ts'

const { db, drop } = await createTestDatabase()
const deps = projectsDeps(db)
const root = await addUser(db, 'root')
const ann = await addUser(db, 'ann')
const bob = await addUser(db, 'bob')
const hidden = await addProject(deps, root, 'hidden')
const open = await addProject(deps, root, 'open', true)
const shared = await addProject(deps, ann, 'shared')
await addRole(db, shared, bob.id, 'guest')
await db.insertInto('repositories').values({ project_id: open, name: 'app' }).execute()

afterAll(drop)

const ROOT: Principal = { kind: 'user', ...root, sysadmin: true, generation: 1 }
const BOB: Principal = { kind: 'user', ...bob, sysadmin: false, generation: 1 }
const NOBODY: Principal = { kind: 'anonymous' }

async function list(principal: Principal, request: Partial<ProjectListRequest> = {}) {
  const page = { offset: 0, limit: 10 }
  const { projects, total } = await listProjects(deps, principal, {
    filters: [],
    orders: [],
    page,
    ...request,
  })
  return { names: projects.map(({ name }) => name), total, projects }
}

test('everybody sees what is his to see, by name', async () => {
  expect(await list(ROOT)).toMatchObject({ names: ['hidden', 'open', 'shared'], total: 3 })
  expect(await list(BOB)).toMatchObject({ names: ['open', 'shared'], total: 2 })
  expect(await list(NOBODY)).toMatchObject({ names: ['open'], total: 1 })
})

test('a list shows owner, roles and repositories', async () => {
  const { projects } = await list(BOB)

  expect(projects).toMatchObject([
    { id: open, ownerName: 'root', roleIds: [], repositories: 1 },
    { id: shared, ownerName: 'ann', roleIds: [3], repositories: 0 },
  ])
})

test('pages and order follow the request', async () => {
  const orders = [{ field: 'name', descending: true }] as const

  expect(await list(ROOT, { orders, page: { offset: 1, limit: 1 } })).toMatchObject({
    names: ['open'],
    total: 3,
  })
  expect(await list(ROOT, { page: { offset: Number.MAX_SAFE_INTEGER, limit: 1 } })).toMatchObject({
    names: [],
    total: 3,
  })
})

test.each<[string, ProjectListRequest['filters'][number], string[]]>([
  ['a part of the name in any case', { field: 'name', op: 'fuzzy', value: 'HIDD' }, ['hidden']],
  ['a per cent sign as itself', { field: 'name', op: 'fuzzy', value: '%' }, []],
  ['an exact name', { field: 'name', op: 'exact', value: 'open' }, ['open']],
  ['names', { field: 'name', op: 'any', values: ['open', 'shared', 'x'] }, ['open', 'shared']],
  ['ids', { field: 'project_id', op: 'any', values: [hidden, open] }, ['hidden', 'open']],
  ['all of two names', { field: 'name', op: 'all', values: ['open', 'shared'] }, []],
  ['visibility', { field: 'public', op: 'exact', value: true }, ['open']],
  ['the owner', { field: 'owner', op: 'exact', value: 'ann' }, ['shared']],
  ['a range', { field: 'project_id', op: 'range', min: open, max: undefined }, ['open', 'shared']],
  ['a closed range', { field: 'project_id', op: 'range', min: hidden, max: open }, ['hidden', 'open']],
  ['a time', { field: 'creation_time', op: 'range', min: undefined, max: new Date('2001-01-01') }, []],
])('projects are filtered by %s', async (_what, filter, names) => {
  expect(await list(ROOT, { filters: [filter] })).toMatchObject({ names, total: names.length })
})

test('one project is described as in the list', async () => {
  const described = await describeProject(deps, BOB, await getProject(deps, shared))

  expect(described).toEqual((await list(BOB)).projects.find(({ id }) => id === shared))
})

test('a list of 100,000 projects reads neither one by one', async () => {
  await sql`INSERT INTO projects (name, owner_id, public) SELECT 'many-' || n, ${ann.id}, n % 2 = 0
            FROM generate_series(1, 100000) n`.execute(db)
  await sql`ANALYZE projects`.execute(db)

  // Some 50 ms on a slow machine; a query for each project would take minutes, which no test has.
  const { names, total } = await list(BOB, { orders: [{ field: 'name', descending: false }] })

  expect(names).toHaveLength(10)
  expect(total).toBe(50_002)
})
