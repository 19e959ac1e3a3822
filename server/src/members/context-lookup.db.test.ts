import { afterAll, beforeAll, expect, test } from 'vitest'
import { ANONYMOUS, type Principal } from '../access/model.ts'
import { createTestDatabase, type TestDatabase } from '../platform/db/testing.ts'
import { createContextLookup, type FindContext } from './context-lookup.ts'

let database: TestDatabase
let find: FindContext
let ids: { open: number; closed: number }
let dev: Principal

beforeAll(async () => {
  database = await createTestDatabase()
  const { db } = database
  find = createContextLookup(db)
  const user = await db
    .insertInto('users')
    .values({ username: 'dev' })
    .returning('id')
    .executeTakeFirstOrThrow()
  dev = { kind: 'user', id: user.id, username: 'dev', sysadmin: false, generation: 1 }
  const add = (name: string, isPublic: boolean) =>
    db
      .insertInto('projects')
      .values({ name, owner_id: user.id, public: isPublic })
      .returning('id')
      .executeTakeFirstOrThrow()
  ids = { open: (await add('open', true)).id, closed: (await add('closed', false)).id }
  await db.insertInto('project_aliases').values({ name: 'formerly', project_id: ids.closed }).execute()
  const gone = await add('gone', true)
  await db.updateTable('projects').set({ deletion_time: new Date() }).where('id', '=', gone.id).execute()
  await db.insertInto('project_aliases').values({ name: 'open', project_id: ids.closed }).execute()
  const member = { project_id: ids.closed, entity_type: 'u' as const, entity_id: user.id, role_id: 2 }
  await db.insertInto('members').values(member).execute()
})
afterAll(() => database.drop())

test('many callers at once each get their own project and roles', async () => {
  const found = await Promise.all([
    find(dev, 'closed'),
    find(ANONYMOUS, 'closed'),
    find(dev, 'open'),
    find(dev, 'nowhere'),
    find(dev, 'gone'),
  ])

  expect(found).toEqual([
    { id: ids.closed, name: 'closed', public: false, roles: ['developer'] },
    { id: ids.closed, name: 'closed', public: false, roles: [] },
    { id: ids.open, name: 'open', public: true, roles: [] },
    undefined,
    undefined,
  ])
})

test('a former name is followed, and a present one goes before it', async () => {
  expect((await find(dev, 'formerly'))?.id).toBe(ids.closed)
  expect((await find(dev, 'open'))?.id).toBe(ids.open)
})
