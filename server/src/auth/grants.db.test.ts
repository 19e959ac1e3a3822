import { afterAll, beforeAll, expect, test } from 'vitest'
import { decide } from '../access/decide.ts'
import { createTestDatabase, type TestDatabase } from '../platform/db/testing.ts'
import { makeUser, TEST_PASSWORD } from '../users/testing.ts'
import { forgetGrants } from './grants.ts'
import { authenticateRegistry, authenticateRest } from './service.ts'
import { createWorld, type World } from './testing.ts'
import { ensureSigningKey } from './tokens/keys.ts'
import { issueToken } from './tokens/service.ts'

let database: TestDatabase
let world: World
let roleId: number
let userId: number

beforeAll(async () => {
  database = await createTestDatabase()
  const { db } = database
  const hidden = { id: 3, public: false, roles: [] }
  world = createWorld(db, async (_who, name) => (name === 'hidden' ? hidden : undefined))
  await ensureSigningKey({ db, box: world.box, now: world.auth.now })
  userId = (await makeUser(db, 'ann')).id
  const role = await db
    .insertInto('roles')
    .values({
      name: 'watcher',
      level: 'system',
      system_permissions: ['audit-log:list'],
      project_permissions: ['repository:pull'],
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  roleId = role.id
})
afterAll(() => database.drop())

const authorization = `Basic ${Buffer.from(`ann:${TEST_PASSWORD}`).toString('base64')}`
const address = '127.0.0.1'

async function mayList(auth = world.auth): Promise<boolean> {
  const principal = await authenticateRest(auth, { authorization, sessionId: undefined, address })
  return decide(principal, 'audit-log:list')
}

async function tokenActions(): Promise<string[] | undefined> {
  const { principal } = await authenticateRegistry(world.auth, { authorization, address })
  const scope = { type: 'repository', name: 'hidden/app', actions: ['pull'] }
  const { token } = await issueToken(world.auth, principal, [scope])
  const bearer = await authenticateRegistry(world.auth, { authorization: `Bearer ${token}`, address })
  return bearer.via === 'token' ? bearer.token.access[0]?.actions : undefined
}

test('a role of the system counts within five seconds, and as long ends with its binding', async () => {
  const { db } = database
  expect(await mayList()).toBe(false)

  await db
    .insertInto('role_bindings')
    .values({ role_id: roleId, entity_type: 'u', entity_id: userId })
    .execute()
  world.pass(5)
  expect(await mayList()).toBe(true)
  expect(await tokenActions()).toEqual(['pull'])

  await db.deleteFrom('role_bindings').execute()
  world.pass(5)
  expect(await mayList()).toBe(false)
  expect(await tokenActions()).toEqual([])
})

test('in the process that is told of the change it counts at once', async () => {
  const { db } = database
  expect(await mayList()).toBe(false)

  await db
    .insertInto('role_bindings')
    .values({ role_id: roleId, entity_type: 'u', entity_id: userId })
    .execute()
  forgetGrants(world.auth)

  expect(await mayList()).toBe(true)
})
