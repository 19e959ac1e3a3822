import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../../platform/db/testing.ts'
import type { User } from '../../../users/model.ts'
import { changePassword, setSysadmin } from '../../../users/service.ts'
import { makeUser, TEST_PASSWORD } from '../../../users/testing.ts'
import { createApp, createWorld, type World } from '../../testing.ts'
import { startSession } from '../service.ts'

const admin = { id: 1, username: 'admin' }

let database: TestDatabase
let world: World
let app: FastifyInstance
let ann: User
let root: User

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())
beforeEach(async () => {
  const { db } = database
  await db.deleteFrom('sessions').execute()
  await db.deleteFrom('users').execute()
  world = createWorld(db, () => Promise.resolve(undefined))
  app = await createApp(world.auth)
  ann = await makeUser(db, 'ann', world.auth.passwords)
  root = await makeUser(db, 'root', world.auth.passwords)
  await setSysadmin({ ...world.auth, onUserChanged: () => undefined }, root.id, true, admin)
})

const cookie = (id: string) => ({ cookie: `sid=${id}` })
const basic = (name: string) => ({
  authorization: `Basic ${Buffer.from(`${name}:${TEST_PASSWORD}`).toString('base64')}`,
})
async function ask(method: 'GET' | 'DELETE', path: string, headers: Record<string, string> = {}) {
  const answer = await app.inject({ method, url: `/api/v2.0${path}`, headers })
  return { status: answer.statusCode, json: answer.body === '' ? undefined : answer.json() }
}
const start = (user: User, address = '192.0.2.1') => startSession(world.auth, user, { address })

it('a user sees his sessions, the one that asks among them, and none that is over', async () => {
  await start(ann)
  world.pass(3601)
  await start(ann, '192.0.2.7')
  const own = await start(ann, '192.0.2.8')
  await start(root)

  const { json } = await ask('GET', '/users/current/sessions', cookie(own))

  expect(json).toMatchObject([
    { current: true, address: '192.0.2.8' },
    { current: false, address: '192.0.2.7' },
  ])
  expect(JSON.stringify(json)).not.toContain(own)
})

it('a session that is ended counts no longer', async () => {
  const own = await start(ann)
  const [listed] = (await ask('GET', '/users/current/sessions', basic('ann'))).json

  expect(listed.current).toBe(false)
  expect((await ask('DELETE', `/users/current/sessions/${listed.id}`, basic('ann'))).status).toBe(200)
  expect((await ask('GET', '/users/current', cookie(own))).status).toBe(401)
  expect((await ask('DELETE', `/users/current/sessions/${listed.id}`, basic('ann'))).status).toBe(404)
})

it('those of others are an administrator’s to see and end', async () => {
  const own = await start(ann)
  const [listed] = (await ask('GET', `/users/${ann.id}/sessions`, basic('root'))).json

  expect((await ask('GET', `/users/${root.id}/sessions`, basic('ann'))).status).toBe(403)
  expect((await ask('DELETE', `/users/${root.id}/sessions/${listed.id}`, basic('ann'))).status).toBe(403)
  expect((await ask('DELETE', `/users/${root.id}/sessions/${listed.id}`, basic('root'))).status).toBe(404)
  expect((await ask('GET', '/users/current', cookie(own))).status).toBe(200)
  expect((await ask('DELETE', `/users/${ann.id}/sessions/${listed.id}`, basic('root'))).status).toBe(200)
  expect((await ask('GET', '/users/current', cookie(own))).status).toBe(401)
  expect((await ask('GET', '/users/current/sessions')).status).toBe(401)
  expect((await ask('GET', '/users/999999/sessions', basic('root'))).status).toBe(404)
})

it('a change of the password leaves none', async () => {
  await start(ann)
  await changePassword({ ...world.auth, onUserChanged: () => undefined }, ann.id, 'Another1234', admin)

  expect((await ask('GET', `/users/${ann.id}/sessions`, basic('root'))).json).toEqual([])
})

it('pages that only look on do not put off the end of a session', async () => {
  const own = await start(ann)
  const quiet = { ...cookie(own), 'x-harbor-no-session-renewal': 'true' }
  const end = async () => (await ask('GET', `/users/${ann.id}/sessions`, basic('root'))).json[0].expires_at
  const before = await end()

  world.pass(2400)
  await ask('GET', '/users/current', quiet)
  expect(await end()).toBe(before)
  await ask('GET', '/users/current', cookie(own))
  expect(await end()).toBe(before + 2400)
})
