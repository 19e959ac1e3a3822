import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Principal } from '../access/model.ts'
import { createTestDatabase } from '../platform/db/testing.ts'
import { deleteProject } from '../projects/service.ts'
import { addProject, addRole, projectsDeps } from '../projects/testing.ts'
import { addUser } from '../users/testing.ts'
import { countEverything, createStoredBytes } from './service.ts'

const { db, drop } = await createTestDatabase()
const projects = projectsDeps(db)
const root = await addUser(db, 'root')
const ann = await addUser(db, 'ann')
const bob = await addUser(db, 'bob')

beforeAll(async () => {
  const hidden = await addProject(projects, root, 'hidden')
  const shared = await addProject(projects, root, 'shared')
  const open = await addProject(projects, root, 'open', true)
  const gone = await addProject(projects, root, 'gone', true)
  await addRole(db, shared, ann.id, 'guest')
  await addRole(db, open, ann.id, 'guest')
  const seen = new Date()
  await db
    .insertInto('repositories')
    .values([
      { project_id: hidden, name: 'a', publish_time: seen },
      { project_id: shared, name: 'a', publish_time: seen },
      { project_id: shared, name: 'b', publish_time: seen },
      { project_id: shared, name: 'deleted', publish_time: seen, deletion_time: seen },
      { project_id: shared, name: 'unseen' },
      { project_id: open, name: 'a', publish_time: seen },
    ])
    .execute()
  const blobs = await db
    .insertInto('blobs')
    .values([10, 20, 40].map((size) => ({ digest: `sha256:${size}`, size })))
    .returning('id')
    .execute()
  await db
    .insertInto('blob_objects')
    .values(
      blobs.map(({ id }, index) => ({
        blob_id: id,
        store: 'memory',
        key: `${index}`,
        generation: 1,
        state: index === 2 ? 'deleted' : 'stored',
      })),
    )
    .execute()
  await deleteProject(projects, gone, root)
})
afterAll(drop)

const deps = { db, storedBytes: createStoredBytes(db) }

function user({ id, username }: { id: number; username: string }, sysadmin = false): Principal {
  return { kind: 'user', id, username, sysadmin, generation: 1 }
}

test('an administrator is told of everything that is there, and of the bytes that are stored', async () => {
  expect(await countEverything(deps, user(root, true))).toEqual({
    public: { projects: 1, repositories: 1 },
    private: { projects: 2, repositories: 3 },
    total: { projects: 3, repositories: 4, bytes: 30 },
  })
})

test('a member is told of what he may see, public projects apart, and of no totals', async () => {
  expect(await countEverything(deps, user(ann))).toEqual({
    public: { projects: 1, repositories: 1 },
    private: { projects: 1, repositories: 2 },
    total: undefined,
  })
})

test('who is no member of anything is told of what is public', async () => {
  expect(await countEverything(deps, user(bob))).toMatchObject({
    public: { projects: 1, repositories: 1 },
    private: { projects: 0, repositories: 0 },
  })
})

test('the bytes are summed up anew after ten seconds, and nobody waits for it', async () => {
  let time = 0
  const storedBytes = createStoredBytes(db, () => time)
  const before = await storedBytes()
  await db.updateTable('blob_objects').set({ state: 'stored' }).execute()

  expect(await storedBytes()).toBe(before)
  time = 10_000
  expect(await storedBytes()).toBe(before)
  await expect.poll(storedBytes).toBe(70)
})
