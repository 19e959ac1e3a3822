import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../platform/db/testing.ts'
import type { User } from '../../users/model.ts'
import { changePassword, deleteUser, setSysadmin } from '../../users/service.ts'
import { makeUser, TEST_PASSWORD } from '../../users/testing.ts'
import { authenticateBasic, authenticateBearer, forgetUser, writeLastUses } from '../service.ts'
import { createApp, createWorld, projectsOf, type World } from '../testing.ts'
import { ensureSigningKey } from '../tokens/keys.ts'
import { parseScopes } from '../tokens/scope.ts'
import { issueToken } from '../tokens/service.ts'

const HERE = '192.0.2.1'
const admin = { id: 1, username: 'admin' }
const findProject = projectsOf({
  team: { id: 11, public: false, roles: [], roleOf: { ann: 'developer' } },
  other: { id: 12, public: false, roles: [], roleOf: { ann: 'developer' } },
})

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
  for (const table of ['access_tokens', 'sessions', 'signing_keys', 'users'] as const) {
    await db.deleteFrom(table).execute()
  }
  world = createWorld(db, findProject)
  await ensureSigningKey({ db, box: world.box, now: world.auth.now })
  app = await createApp(world.auth)
  ann = await makeUser(db, 'ann', world.auth.passwords)
  root = await makeUser(db, 'root', world.auth.passwords)
  await setSysadmin(users(), root.id, true, admin)
})

const users = () => ({ ...world.auth, onUserChanged: (id: number) => forgetUser(world.auth, id) })
const basic = (name: string, secret = TEST_PASSWORD) => ({
  authorization: `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`,
})
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'
async function ask(method: Method, path: string, headers: Record<string, string> = {}, body?: object) {
  const url = `/api/v2.0${path}`
  const answer = await app.inject({ method, url, headers, ...(body ? { payload: body } : {}) })
  const json = answer.body === '' ? undefined : answer.json()
  return { status: answer.statusCode, headers: answer.headers, json }
}

async function make(body: object = {}, owner = 'ann') {
  const answer = await ask('POST', '/users/current/tokens', basic(owner), {
    name: 'ci',
    preset: 'full',
    ...body,
  })
  expect(answer.status).toBe(201)
  return answer.json as { id: number; token: string }
}

describe('an access token', () => {
  it('is shown once, and good by Basic and as Bearer', async () => {
    const { id, token } = await make()
    const list = await ask('GET', '/users/current/tokens', basic('ann'))

    expect(list.json).toMatchObject([{ id, name: 'ci', preset: 'full', expires_at: -1 }])
    expect(JSON.stringify(list.json)).not.toContain(token)
    expect((await ask('GET', '/users/current', basic('ann', token))).json.username).toBe('ann')
    expect((await ask('GET', '/users/current', basic('ann@example.com', token))).status).toBe(200)
    expect((await ask('GET', '/users/current', bearer(token))).json.username).toBe('ann')
    expect((await ask('GET', '/users/current', basic('root', token))).status).toBe(401)
    expect((await ask('GET', '/users/current', bearer(`${token.slice(0, -1)}_`))).status).toBe(401)
  })

  it.each([
    { name: '' },
    { preset: 'some' },
    { preset: 'custom' },
    { expires_at: 1000 },
    { preset: 'custom', project_permissions: [{ resource: 'repository', action: 'fly' }] },
  ])('is not made with %j', async (body) => {
    const answer = await ask('POST', '/users/current/tokens', basic('ann'), {
      name: 'ci',
      preset: 'full',
      ...body,
    })

    expect(answer.status).toBe(400)
    expect(await database.db.selectFrom('access_tokens').selectAll().execute()).toEqual([])
  })

  it('has a name of its own among those of its owner', async () => {
    await make()
    await make({}, 'root')

    const again = { name: 'ci', preset: 'full' }
    expect((await ask('POST', '/users/current/tokens', basic('ann'), again)).status).toBe(409)
  })

  it('allows in a registry token what both it and its owner may, and that until it is revoked', async () => {
    const { id, token } = await make({
      preset: 'custom',
      project_ids: [11],
      project_permissions: [
        { resource: 'repository', action: 'pull' },
        { resource: 'artifact', action: 'delete' },
      ],
    })
    const principal = await authenticateBasic(world.auth, {
      username: 'ann',
      password: token,
      address: HERE,
    })
    if (!principal) throw new Error('the token does not count')
    const issued = await issueToken(
      world.auth,
      principal,
      parseScopes(['repository:team/app:pull', 'repository:other/app:pull']),
    )
    const another = world.another()
    const read = await authenticateBearer(another, issued.token)

    expect(read?.access.map(({ name, actions }) => [name, actions])).toEqual([
      ['other/app', []],
      ['team/app', ['pull']],
    ])
    expect(read?.principal).toMatchObject({ username: 'ann', accessToken: id })
    expect((await ask('DELETE', `/users/current/tokens/${id}`, basic('ann'))).status).toBe(200)
    expect(await authenticateBearer(world.auth, issued.token)).toBeUndefined()
    world.pass(5)
    expect(await authenticateBearer(another, issued.token)).toBeUndefined()
    expect((await ask('GET', '/users/current', bearer(token))).status).toBe(401)
  })

  it('outlives a change of the password, and dies with its owner, or while he is disabled', async () => {
    const { token } = await make()
    await changePassword(users(), ann.id, 'Another1234', admin)
    expect((await ask('GET', '/users/current', bearer(token))).status).toBe(200)

    const disabled = (value: boolean) =>
      database.db.updateTable('users').set({ disabled: value }).where('id', '=', ann.id).execute()
    await disabled(true)
    expect((await ask('GET', '/users/current', bearer(token))).status).toBe(401)
    await disabled(false)
    await deleteUser(users(), ann.id, admin)
    expect((await ask('GET', '/users/current', bearer(token))).status).toBe(401)
  })

  it('ends when it was told to', async () => {
    const end = Math.floor(Date.now() / 1000) + 3600
    const { token } = await make({ expires_at: end })

    expect((await ask('GET', '/users/current', bearer(token))).status).toBe(200)
    world.pass(3601)
    expect((await ask('GET', '/users/current', bearer(token))).status).toBe(401)
  })

  it('is known by when it was used last', async () => {
    const { token } = await make()
    await ask('GET', '/users/current', bearer(token))
    await writeLastUses(world.auth)
    const [listed] = (await ask('GET', '/users/current/tokens', basic('ann'))).json

    expect(Date.parse(listed.last_use_time)).toBeGreaterThan(Date.now() - 60_000)
  })

  it('manages nothing of its owner: no tokens, sessions, password, or administrators', async () => {
    const { token } = await make({}, 'root')
    const mine = { name: 'more', preset: 'full' }
    const passwords = { old_password: TEST_PASSWORD, new_password: 'Another1234' }

    expect((await ask('POST', '/users/current/tokens', bearer(token), mine)).status).toBe(403)
    expect((await ask('PUT', `/users/${root.id}/password`, bearer(token), passwords)).status).toBe(403)
    expect((await ask('PUT', `/users/${ann.id}/password`, bearer(token), passwords)).status).toBe(403)
    const flag = { sysadmin_flag: true }
    expect((await ask('PUT', `/users/${ann.id}/sysadmin`, bearer(token), flag)).status).toBe(403)
  })

  it('that only reads changes nobody’s profile, not even its owner’s', async () => {
    const { token } = await make({ preset: 'read-only' })
    const profile = { email: 'new@example.com', realname: 'New' }

    expect((await ask('GET', `/users/${ann.id}`, bearer(token))).status).toBe(200)
    expect((await ask('PUT', `/users/${ann.id}`, bearer(token), profile)).status).toBe(403)
    expect((await ask('GET', '/users/current/tokens', bearer(token))).status).toBe(403)
    expect((await ask('GET', '/users/current/sessions', bearer(token))).status).toBe(403)
  })

  it('is no password for a browser', async () => {
    const { token } = await make()
    const page = await app.inject({ url: '/api/v2.0/users/search?username=x' })
    const cookies = [page.headers['set-cookie'] ?? []].flat().map((line) => line.split(';')[0])
    const first = await app.inject({ url: '/c/log_out', headers: { cookie: cookies.join('; ') } })
    const all = [...cookies, ...[first.headers['set-cookie'] ?? []].flat().map((line) => line.split(';')[0])]
    const answer = await app.inject({
      method: 'POST',
      url: '/c/login',
      headers: {
        cookie: all.join('; '),
        'x-harbor-csrf-token': String(first.headers['x-harbor-csrf-token']),
        'content-type': 'application/x-www-form-urlencoded',
      },
      payload: new URLSearchParams({ principal: 'ann', password: token }).toString(),
    })

    expect(answer.statusCode).toBe(401)
  })
})

describe('whose tokens they are', () => {
  it('decides who lists and revokes them: the owner and administrators', async () => {
    const { id } = await make()
    await make({}, 'root')

    expect((await ask('GET', `/users/${ann.id}/tokens`, basic('root'))).json).toHaveLength(1)
    expect((await ask('GET', `/users/${root.id}/tokens`, basic('ann'))).status).toBe(403)
    expect((await ask('GET', '/users/999999/tokens', basic('root'))).status).toBe(404)
    expect((await ask('GET', '/users/current/tokens')).status).toBe(401)
    expect((await ask('DELETE', `/users/${root.id}/tokens/${id}`, basic('root'))).status).toBe(404)
    expect((await ask('DELETE', `/users/${ann.id}/tokens/${id}`, basic('root'))).status).toBe(200)
    expect((await ask('DELETE', `/users/${ann.id}/tokens/${id}`, basic('ann'))).status).toBe(404)
  })
})
