import { afterAll, beforeEach, expect, test } from 'vitest'
import { createTestDatabase } from '../platform/db/testing.ts'
import { settingsOf } from '../settings/testing.ts'
import { findUserByName } from '../users/store.ts'
import { makeUser, TEST_PASSWORD } from '../users/testing.ts'
import { createApp, createWorld } from './testing.ts'

const { db, drop } = await createTestDatabase()
const { auth } = createWorld(db, () => Promise.resolve(undefined))
const open = await createApp(auth, undefined, settingsOf({ self_registration: true }))
const closed = await createApp(auth)

afterAll(drop)
beforeEach(async () => {
  await db.deleteFrom('users').execute()
})

const USERS = '/api/v2.0/users'
const eve = {
  username: 'eve',
  email: 'eve@example.com',
  realname: 'Eve',
  password: TEST_PASSWORD,
  comment: '',
}

/** What a page of ours sends: the cookies that the server has given it, and the token. */
async function pageOf(app = open): Promise<Record<string, string>> {
  const first = await app.inject('/api/v2.0/users/current')
  const [sid] = first.cookies
  const cookie = `${sid?.name}=${sid?.value}`
  const second = await app.inject({ url: '/api/v2.0/users/current', headers: { cookie } })
  const [csrf] = second.cookies
  return {
    cookie: `${cookie}; ${csrf?.name}=${csrf?.value}`,
    'x-harbor-csrf-token': String(second.headers['x-harbor-csrf-token']),
  }
}

async function register(app: typeof open, headers: Record<string, string>, payload: object = eve) {
  return (await app.inject({ method: 'POST', url: USERS, headers, payload })).statusCode
}

test('whoever comes by the portal registers himself where a setting lets him, and then logs in', async () => {
  expect(await register(open, await pageOf())).toBe(201)

  const basic = Buffer.from(`eve:${TEST_PASSWORD}`).toString('base64')
  const current = await open.inject({ url: `${USERS}/current`, headers: { authorization: `Basic ${basic}` } })
  expect(current.json()).toMatchObject({ username: 'eve', sysadmin_flag: false })
})

test('his registration is told as his own deed', async () => {
  await db.deleteFrom('events').execute()

  await register(open, await pageOf())

  const { payload } = await db.selectFrom('events').select('payload').executeTakeFirstOrThrow()
  const { id } = (await findUserByName(db, 'eve')) ?? {}
  expect(payload).toMatchObject({ username: 'eve', actor: { id, username: 'eve', address: '127.0.0.1' } })
})

test('nobody makes himself more than a user', async () => {
  const more = { ...eve, sysadmin_flag: true, admin_role_in_auth: true, user_id: 1, generation: 9 }

  expect(await register(open, await pageOf(), more)).toBe(201)

  expect(await findUserByName(db, 'eve')).toMatchObject({ sysadmin: false, generation: 1 })
})

test.each([
  ['the setting is off', closed, () => pageOf(closed), 401],
  ['no browser sends it', open, async () => ({}), 401],
  ['the token is missing', open, async () => ({ cookie: (await pageOf()).cookie ?? '' }), 403],
  [
    'wrong credentials come along, for which no token is asked',
    open,
    async () => ({ ...(await pageOf()), authorization: 'Basic eDp5' }),
    401,
  ],
] as const)('nobody is registered where %s', async (_why, app, headers, status) => {
  expect(await register(app, await headers())).toBe(status)

  expect(await findUserByName(db, 'eve')).toBeUndefined()
})

test('a user who calls without a browser creates nobody', async () => {
  await makeUser(db, 'ann')
  const basic = Buffer.from(`ann:${TEST_PASSWORD}`).toString('base64')

  expect(await register(open, { authorization: `Basic ${basic}` })).toBe(403)

  expect(await findUserByName(db, 'eve')).toBeUndefined()
})

test('whether a name is taken is told to whoever may register', async () => {
  await makeUser(db, 'ann')
  const ask = async (app: typeof open) => {
    const headers = { ...(await pageOf(app)), 'content-type': 'application/x-www-form-urlencoded' }
    const payload = 'target=username&value=ann'
    return (await app.inject({ method: 'POST', url: '/c/userExists', headers, payload })).statusCode
  }

  expect(await ask(open)).toBe(200)
  expect(await ask(closed)).toBe(412)
})
