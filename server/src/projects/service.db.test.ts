import { afterAll, beforeEach, expect, test } from 'vitest'
import type { Actor } from '../access/model.ts'
import { createTestDatabase } from '../platform/db/testing.ts'
import { eventTypes } from '../platform/events/testing.ts'
import { addUser } from '../users/testing.ts'
import {
  changeProject,
  createProject,
  deleteProject,
  ensureLibraryProject,
  findProject,
  findProjectByName,
  getProject,
} from './service.ts'
import { addProject, projectsDeps } from './testing.ts'

const { db, drop } = await createTestDatabase()
const deps = projectsDeps(db)
let ann: Actor

afterAll(drop)
beforeEach(async () => {
  for (const table of [
    'project_aliases',
    'members',
    'repositories',
    'projects',
    'events',
    'users',
  ] as const) {
    await db.deleteFrom(table).execute()
  }
  ann = await addUser(db, 'ann')
})

test('a project is found by name and by id, and its creator administers it', async () => {
  const id = await createProject(deps, { name: 'team', metadata: { public: 'true', severity: 'low' } }, ann)

  const project = await findProjectByName(deps, 'team')
  expect(project).toMatchObject({
    id,
    name: 'team',
    public: true,
    ownerId: ann.id,
    metadata: { severity: 'low' },
  })
  expect(await findProject(deps, String(id), false)).toEqual(project)
  expect(await findProject(deps, String(id), true)).toBeUndefined()
  expect(await db.selectFrom('members').select(['project_id', 'entity_id', 'role_id']).execute()).toEqual([
    { project_id: id, entity_id: ann.id, role_id: 1 },
  ])
  expect(await eventTypes(db)).toEqual(['project.created'])
})

test('what a robot creates belongs to the first administrator, and has no members', async () => {
  const robot: Actor = { id: ann.id, username: 'robot$maker', robot: true }
  await expect(createProject(deps, { name: 'early', metadata: {} }, robot)).rejects.toMatchObject({
    kind: 'precondition-failed',
  })
  const root = await addUser(db, 'root')
  await addUser(db, 'second')
  await db.updateTable('users').set({ sysadmin: true }).where('username', '!=', 'ann').execute()

  const id = await createProject(deps, { name: 'made', metadata: {} }, robot)

  expect(await getProject(deps, id)).toMatchObject({ ownerId: root.id })
  expect(await db.selectFrom('members').selectAll().execute()).toEqual([])
})

test('a name that digits make up is a name where a name is asked for', async () => {
  const id = await addProject(deps, ann, '4242')

  expect(await findProject(deps, '4242', true)).toMatchObject({ id })
  expect(await findProject(deps, '4242', false)).toBeUndefined()
  expect(await findProject(deps, '9'.repeat(30), false)).toBeUndefined()
})

test('a taken name is a conflict, and nothing of the attempt remains', async () => {
  await addProject(deps, ann, 'team')

  await expect(addProject(deps, ann, 'team')).rejects.toMatchObject({ kind: 'conflict' })

  expect(await eventTypes(db)).toEqual(['project.created'])
})

test('of many who want one name at once, one gets it', async () => {
  const attempts = await Promise.allSettled(Array.from({ length: 8 }, () => addProject(deps, ann, 'team')))

  expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
})

test('a change keeps what it does not mention', async () => {
  const input = {
    name: 'team',
    metadata: { severity: 'low' },
    storageLimit: 1024,
    allowlist: { items: ['CVE-1'] },
  }
  const id = await createProject(deps, input, ann)

  await changeProject(deps, id, { metadata: { public: 'true', auto_scan: 'true' } }, ann)

  expect(await getProject(deps, id)).toMatchObject({
    public: true,
    metadata: { severity: 'low', auto_scan: 'true' },
    storageLimit: 1024,
    allowlist: { items: ['CVE-1'] },
  })
  expect(await eventTypes(db)).toEqual(['project.created', 'project.updated'])
})

test('changes at the same time do not lose one another', async () => {
  const id = await addProject(deps, ann, 'team')
  const names = ['auto_scan', 'prevent_vul', 'proxy_referrer_api', 'enable_content_trust']

  await Promise.all(names.map((name) => changeProject(deps, id, { metadata: { [name]: 'true' } }, ann)))

  expect(Object.keys((await getProject(deps, id)).metadata).sort()).toEqual([...names].sort())
})

test('a deleted project is gone, its name is free, and the next of that name is another', async () => {
  const first = await addProject(deps, ann, 'team')

  await deleteProject(deps, first, ann)

  expect(await findProjectByName(deps, 'team')).toBeUndefined()
  expect(await findProject(deps, String(first), false)).toBeUndefined()
  expect(await addProject(deps, ann, 'team')).not.toBe(first)
  await expect(deleteProject(deps, first, ann)).rejects.toMatchObject({ kind: 'not-found' })
  expect(await eventTypes(db)).toEqual(['project.created', 'project.deleted', 'project.created'])
})

test('a project with a repository is not deleted', async () => {
  const id = await addProject(deps, ann, 'team')
  await db.insertInto('repositories').values({ project_id: id, name: 'app' }).execute()

  await expect(deleteProject(deps, id, ann)).rejects.toMatchObject({ kind: 'precondition-failed' })

  expect(await findProjectByName(deps, 'team')).toMatchObject({ id })
})

test('a deletion waits for a repository that is just coming', async () => {
  const id = await addProject(deps, ann, 'team')
  const { promise: inserted, resolve: begin } = Promise.withResolvers<void>()
  const { promise: waiting, resolve: finish } = Promise.withResolvers<void>()
  const push = db.transaction().execute(async (tx) => {
    await tx.insertInto('repositories').values({ project_id: id, name: 'app' }).execute()
    begin()
    await waiting
  })
  await inserted

  const deletion = deleteProject(deps, id, ann).catch((error: unknown) => error)
  finish()
  await push

  expect(await deletion).toMatchObject({ kind: 'precondition-failed' })
})

test('a former name leads to the project until a live one takes it', async () => {
  const id = await addProject(deps, ann, 'new')
  await db.insertInto('project_aliases').values({ name: 'old', project_id: id }).execute()
  expect(await findProjectByName(deps, 'old')).toMatchObject({ id, name: 'new' })

  const other = await addProject(deps, ann, 'old')

  expect(await findProjectByName(deps, 'old')).toMatchObject({ id: other })
  await deleteProject(deps, other, ann)
  expect(await findProjectByName(deps, 'old')).toBeUndefined()
})

test('the first start creates the library, and no later one does', async () => {
  await Promise.all([ensureLibraryProject(deps, ann), ensureLibraryProject(deps, ann)])
  const library = await findProjectByName(deps, 'library')
  expect(library).toMatchObject({ public: true, ownerId: ann.id })

  await deleteProject(deps, library?.id ?? 0, ann)
  await ensureLibraryProject(deps, ann)

  expect(await findProjectByName(deps, 'library')).toBeUndefined()
})
