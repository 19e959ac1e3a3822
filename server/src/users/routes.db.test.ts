import Fastify, { type FastifyInstance } from 'fastify'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { decide, decideEverywhere } from '../access/decide.ts'
import { ANONYMOUS, type PermissionSet, type Principal } from '../access/model.ts'
import { createTestDatabase, type TestDatabase } from '../platform/db/testing.ts'
import { restPlugin } from '../platform/http/rest.ts'
import { ensureAdministrator } from './administrator.ts'
import type { User } from './model.ts'
import { createPasswords } from './passwords.ts'
import { usersRoutes } from './routes.ts'
import { findLogin, findUserByName } from './store.ts'
import { makeUser, TEST_PASSWORD } from './testing.ts'

const passwords = createPasswords()
let database: TestDatabase
let app: FastifyInstance
let ann: User
let bob: User
/** By user: what roles of the system allow them. */
const grantsOfOthers = new Map<number, PermissionSet>()
/** Users who may do more in some project than anybody. */
const greatInProjects = new Set<number>()
/** What happens while a password is being hashed. */
let meanwhile: () => Promise<unknown>

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())
beforeEach(async () => {
  const { db } = database
  await db.deleteFrom('users').execute()
  grantsOfOthers.clear()
  greatInProjects.clear()
  meanwhile = async () => undefined
  await ensureAdministrator({ db, passwords }, { password: 'Harbor12345' })
  ann = await makeUser(db, 'ann', passwords)
  bob = await makeUser(db, 'bob', passwords)
  app = Fastify()
  const routes = usersRoutes({
    db,
    passwords: {
      ...passwords,
      async hash(password) {
        await meanwhile()
        return await passwords.hash(password)
      },
    },
    onUserChanged: () => undefined,
    findGrants: async (_db, id) => grantsOfOthers.get(id),
    surpassesInProjects: async (_db, _principal, id) => greatInProjects.has(id),
    mayRegister: (request) => request.headers['x-test-register'] !== undefined,
    async confirmPassword(username, password) {
      return (await passwords.verify((await findLogin(db, username))?.passwordHash, password)).ok
    },
  })
  await app.register(
    restPlugin({
      routes: [routes],
      https: false,
      authenticate: (request) => principal(request.headers['x-test-user']),
      projectContext: () => Promise.resolve(undefined),
      decide,
      decideEverywhere,
    }),
    { prefix: '/api/v2.0' },
  )
})

/** What a role of the system gives to whoever keeps the users. */
const POWER_OVER_USERS: PermissionSet = {
  system: new Set(['user:list', 'user:read', 'user:update', 'user:delete']),
  everyProject: new Set(),
  projects: new Map(),
}

/** The caller is whom the header names; the user `keeper` has power over users. */
async function principal(name: string | string[] | undefined): Promise<Principal> {
  const user = name === undefined ? undefined : await findUserByName(database.db, String(name))
  if (!user) return ANONYMOUS
  return { kind: 'user', ...user, ...(user.username === 'keeper' ? { grants: POWER_OVER_USERS } : {}) }
}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

async function call(as: string | undefined, method: Method, path: string, body?: object) {
  const answer = await app.inject({
    method,
    url: `/api/v2.0${path}`,
    headers: as === undefined ? {} : { 'x-test-user': as },
    ...(body ? { payload: body } : {}),
  })
  return {
    status: answer.statusCode,
    headers: answer.headers,
    body: answer.body === '' ? undefined : answer.json(),
  }
}

const refused = async (as: string | undefined, method: Method, path: string, body?: object) => {
  const { status, body: answer } = await call(as, method, path, body)
  return [status, answer?.errors?.[0]?.code]
}

const profile = { email: 'new@example.com', realname: 'New One', comment: 'made by a test' }
const account = { username: 'new', password: 'Contract1234', ...profile }

describe('POST /users', () => {
  it('creates a user and says where', async () => {
    const { status, headers, body } = await call('admin', 'POST', '/users', account)

    const user = await findUserByName(database.db, 'new')
    expect([status, headers.location, body]).toEqual([201, `/api/v2.0/users/${user?.id}`, undefined])
  })

  it.each<[string, object, number, string]>([
    ['the name of another', { username: 'ann' }, 409, 'CONFLICT'],
    ['the address of another', { email: 'ann@example.com' }, 409, 'CONFLICT'],
    ['a weak password', { password: 'weak' }, 400, 'BAD_REQUEST'],
    ['forbidden letters', { username: 'b#d' }, 400, 'BAD_REQUEST'],
    ['a bad address', { email: 'not-an-address' }, 400, 'BAD_REQUEST'],
    ['a NUL', { realname: 'a\u0000b' }, 400, 'BAD_REQUEST'],
    ['too long a name', { username: 'a'.repeat(256) }, 422, 'UNPROCESSABLE_ENTITY'],
    ['a number for a name', { username: 5 }, 422, 'UNPROCESSABLE_ENTITY'],
  ])('refuses %s', async (_what, change, status, code) => {
    expect(await refused('admin', 'POST', '/users', { ...account, ...change })).toEqual([status, code])
  })

  it('refuses a missing body', async () => {
    expect(await refused('admin', 'POST', '/users')).toEqual([422, 'UNPROCESSABLE_ENTITY'])
  })

  it('is for administrators', async () => {
    expect(await refused('ann', 'POST', '/users', account)).toEqual([403, 'FORBIDDEN'])
    expect(await refused(undefined, 'POST', '/users', account)).toEqual([401, 'UNAUTHORIZED'])
  })
})

describe('GET /users', () => {
  it('lists, pages and counts', async () => {
    const { status, headers, body } = await call('admin', 'GET', '/users?sort=-username&page=2&page_size=1')

    expect(status).toBe(200)
    expect(headers['x-total-count']).toBe('3')
    expect(headers.link).toContain('page=3')
    expect(body.map((user: { username: string }) => user.username)).toEqual(['ann'])
  })

  it.each([
    ['/users?q=username', 400, 'BAD_REQUEST'],
    ['/users?page_size=101', 422, 'UNPROCESSABLE_ENTITY'],
  ])('refuses %s', async (path, status, code) => {
    expect(await refused('admin', 'GET', path)).toEqual([status, code])
  })

  it('finds who has a name or an address, as clients of Harbor ask for it', async () => {
    const names = async (q: string) =>
      (await call('admin', 'GET', `/users?q=${q}`)).body.map((user: { username: string }) => user.username)

    expect(await names(`username_or_email=${bob.username}`)).toEqual(['bob'])
    expect(await names(`username_or_email=${bob.email}`)).toEqual(['bob'])
    expect(await names(`username_or_email=${bob.email},username=ann`)).toEqual([])
    expect(await names('username_or_email=nobody')).toEqual([])
    expect(await names(`user_id__gt=${bob.id}`)).not.toContain('bob')
    expect(await names(`user_id__lt=${bob.id + 1}`)).toContain('bob')
  })

  it('does not look into what it does not show', async () => {
    const all = await call('admin', 'GET', '/users')
    const filtered = await call('admin', 'GET', '/users?q=password_hash=~a')

    expect(filtered.body).toEqual(all.body)
  })

  it('is for administrators', async () => {
    expect(await refused('ann', 'GET', '/users')).toEqual([403, 'FORBIDDEN'])
    expect(await refused(undefined, 'GET', '/users')).toEqual([401, 'UNAUTHORIZED'])
  })
})

describe('GET /users/search', () => {
  it('tells every user ids and names, no more', async () => {
    const { body, headers } = await call('ann', 'GET', '/users/search?username=B')

    expect(body).toEqual([{ user_id: bob.id, username: 'bob' }])
    expect(headers['x-total-count']).toBe('1')
  })

  it('needs a word and a user', async () => {
    expect(await refused('ann', 'GET', '/users/search')).toEqual([422, 'UNPROCESSABLE_ENTITY'])
    expect(await refused(undefined, 'GET', '/users/search?username=a')).toEqual([401, 'UNAUTHORIZED'])
  })
})

describe('GET /users/{user_id}', () => {
  it('shows a user to himself and to administrators', async () => {
    const expected = {
      user_id: ann.id,
      username: 'ann',
      email: 'ann@example.com',
      realname: 'The ann',
      sysadmin_flag: false,
      admin_role_in_auth: false,
      creation_time: ann.creationTime.toISOString(),
      update_time: ann.updateTime.toISOString(),
    }

    expect((await call('ann', 'GET', `/users/${ann.id}`)).body).toEqual(expected)
    expect((await call('admin', 'GET', `/users/${ann.id}`)).body).toEqual(expected)
    expect((await call('ann', 'GET', '/users/current')).body).toEqual(expected)
  })

  it('tells others nothing, not even whether he exists', async () => {
    expect(await refused('ann', 'GET', `/users/${bob.id}`)).toEqual([403, 'FORBIDDEN'])
    expect(await refused('ann', 'GET', '/users/99999999')).toEqual([403, 'FORBIDDEN'])
    expect(await refused(undefined, 'GET', `/users/${ann.id}`)).toEqual([401, 'UNAUTHORIZED'])
    expect(await refused('admin', 'GET', '/users/99999999')).toEqual([404, 'NOT_FOUND'])
  })

  it('knows nobody by a number below zero', async () => {
    expect(await refused('admin', 'GET', '/users/-1')).toEqual([404, 'NOT_FOUND'])
  })

  it.each(['ann', '99999999999999999999'])('refuses the id %s', async (id) => {
    expect(await refused('admin', 'GET', `/users/${id}`)).toEqual([422, 'UNPROCESSABLE_ENTITY'])
  })
})

describe('PUT /users/{user_id}', () => {
  it('changes one’s own profile', async () => {
    const { status, body } = await call('ann', 'PUT', `/users/${ann.id}`, profile)

    expect([status, body]).toEqual([200, undefined])
    expect((await call('ann', 'GET', '/users/current')).body).toMatchObject(profile)
  })

  it('refuses bad and taken addresses, and strangers', async () => {
    const path = `/users/${ann.id}`
    expect(await refused('ann', 'PUT', path, { ...profile, email: 'nope' })).toEqual([400, 'BAD_REQUEST'])
    expect(await refused('ann', 'PUT', path, { ...profile, email: 'bob@example.com' })).toEqual([
      409,
      'CONFLICT',
    ])
    expect(await refused('bob', 'PUT', path, profile)).toEqual([403, 'FORBIDDEN'])
    expect(await refused(undefined, 'PUT', path, profile)).toEqual([401, 'UNAUTHORIZED'])
    expect(await refused('admin', 'PUT', '/users/99999999', profile)).toEqual([404, 'NOT_FOUND'])
  })
})

describe('PUT /users/{user_id}/password', () => {
  const change = { old_password: TEST_PASSWORD, new_password: 'Contract12345' }

  it('takes the old password from the user himself, and none from an administrator', async () => {
    const path = `/users/${ann.id}/password`

    expect(await refused('ann', 'PUT', path, { ...change, old_password: 'Wrong1234' })).toEqual([
      403,
      'FORBIDDEN',
    ])
    expect(await refused('ann', 'PUT', path, { ...change, new_password: TEST_PASSWORD })).toEqual([
      400,
      'BAD_REQUEST',
    ])
    expect(await refused('ann', 'PUT', path, { ...change, new_password: 'abc' })).toEqual([
      400,
      'BAD_REQUEST',
    ])
    expect((await call('ann', 'PUT', path, change)).status).toBe(200)
    expect(await refused('bob', 'PUT', path, change)).toEqual([403, 'FORBIDDEN'])
    expect((await call('admin', 'PUT', path, { new_password: TEST_PASSWORD })).status).toBe(200)
  })

  it('does not undo what an administrator has set while the old one was being looked at', async () => {
    const path = `/users/${ann.id}/password`
    meanwhile = async () => {
      meanwhile = async () => undefined
      expect((await call('admin', 'PUT', path, { new_password: 'Rescued12345' })).status).toBe(200)
    }

    expect(await refused('ann', 'PUT', path, change)).toEqual([403, 'FORBIDDEN'])

    const { passwordHash } = (await findLogin(database.db, 'ann')) ?? {}
    expect((await passwords.verify(passwordHash, 'Rescued12345')).ok).toBe(true)
  })
})

describe('PUT /users/{user_id}/sysadmin', () => {
  it('makes an administrator, at once and by administrators only', async () => {
    const path = `/users/${ann.id}/sysadmin`

    expect(await refused('ann', 'PUT', path, { sysadmin_flag: true })).toEqual([403, 'FORBIDDEN'])
    expect((await call('admin', 'PUT', path, { sysadmin_flag: true })).status).toBe(200)
    expect((await call('ann', 'GET', '/users/current')).body).toMatchObject({ sysadmin_flag: true })
    expect(await refused('admin', 'PUT', '/users/99999999/sysadmin', {})).toEqual([404, 'NOT_FOUND'])
  })
})

describe('DELETE /users/{user_id}', () => {
  it('deletes others, and neither the first administrator nor oneself', async () => {
    expect(await refused('bob', 'DELETE', `/users/${ann.id}`)).toEqual([403, 'FORBIDDEN'])
    expect(await refused('admin', 'DELETE', '/users/1')).toEqual([403, 'FORBIDDEN'])
    expect((await call('admin', 'DELETE', `/users/${ann.id}`)).status).toBe(200)
    expect(await refused('admin', 'GET', `/users/${ann.id}`)).toEqual([404, 'NOT_FOUND'])
    expect(await refused('admin', 'DELETE', `/users/${ann.id}`)).toEqual([404, 'NOT_FOUND'])
  })
})

describe('PUT /users/{user_id}/cli_secret', () => {
  it.each(['ann', 'admin', undefined])(
    'is refused to %s as long as there is no identity provider',
    async (as) => {
      const answer = await refused(as, 'PUT', `/users/${ann.id}/cli_secret`, { secret: 'Contract1234' })

      expect(answer).toEqual([412, 'PRECONDITION'])
    },
  )
})

describe('power over users that a role gives', () => {
  it('ends at administrators, and makes none', async () => {
    const keeper = await makeUser(database.db, 'keeper', passwords)
    const profile = { email: 'new@example.com', realname: 'New' }
    const password = { new_password: 'Another1234' }

    expect((await call('keeper', 'PUT', `/users/${bob.id}`, profile)).status).toBe(200)
    expect((await call('keeper', 'PUT', `/users/${bob.id}/password`, password)).status).toBe(200)
    for (const [method, path, body] of [
      ['PUT', '/users/1', { ...profile, email: 'other@example.com' }],
      ['PUT', '/users/1/password', password],
      ['DELETE', '/users/1', undefined],
      ['PUT', `/users/${keeper.id}/sysadmin`, { sysadmin_flag: true }],
      ['PUT', `/users/${bob.id}/sysadmin`, { sysadmin_flag: true }],
      ['PUT', '/users/1/sysadmin', { sysadmin_flag: false }],
    ] as const) {
      expect((await call('keeper', method, path, body)).status).toBe(403)
    }
    expect((await call('admin', 'GET', '/users/1')).body.sysadmin_flag).toBe(true)
    expect((await call('admin', 'GET', `/users/${keeper.id}`)).body.sysadmin_flag).toBe(false)
    expect((await call('keeper', 'DELETE', `/users/${ann.id}`)).status).toBe(200)
  })

  it.each<Partial<PermissionSet>>([
    { system: new Set(['user:update', 'configuration:update']) },
    { everyProject: new Set(['repository:pull']) },
  ])('ends at those whose roles allow more: %j', async (more) => {
    await makeUser(database.db, 'keeper', passwords)
    grantsOfOthers.set(bob.id, { ...POWER_OVER_USERS, ...more })
    grantsOfOthers.set(ann.id, POWER_OVER_USERS)
    const password = { new_password: 'Another1234' }
    const before = await findLogin(database.db, 'bob')

    expect((await call('keeper', 'PUT', `/users/${bob.id}/password`, password)).status).toBe(403)
    expect((await call('keeper', 'PUT', `/users/${bob.id}`, profile)).status).toBe(403)
    expect((await call('keeper', 'DELETE', `/users/${bob.id}`)).status).toBe(403)
    expect(await findLogin(database.db, 'bob')).toEqual(before)
    expect((await call('keeper', 'PUT', `/users/${ann.id}/password`, password)).status).toBe(200)
    expect((await call('admin', 'PUT', `/users/${bob.id}/password`, password)).status).toBe(200)
  })

  it('sets no passwords of those who may do more in a project, but deletes them', async () => {
    await makeUser(database.db, 'keeper', passwords)
    greatInProjects.add(bob.id)
    const path = `/users/${bob.id}/password`
    const before = await findLogin(database.db, 'bob')

    for (const new_password of ['Another1234', TEST_PASSWORD, 'weak']) {
      expect(await refused('keeper', 'PUT', path, { new_password })).toEqual([403, 'FORBIDDEN'])
    }
    expect(await findLogin(database.db, 'bob')).toEqual(before)
    expect((await call('admin', 'PUT', path, { new_password: 'Another1234' })).status).toBe(200)
    expect((await call('keeper', 'PUT', `/users/${bob.id}`, profile)).status).toBe(200)
    expect((await call('keeper', 'DELETE', `/users/${bob.id}`)).status).toBe(200)
  })

  const makeAdministrator = (db: TestDatabase['db']) =>
    db.updateTable('users').set({ sysadmin: true }).where('id', '=', bob.id).execute()

  it.each<[string, () => Promise<unknown>]>([
    ['an administrator', () => makeAdministrator(database.db)],
    ['somebody in a project', async () => greatInProjects.add(bob.id)],
    [
      'somebody in the system',
      async () => grantsOfOthers.set(bob.id, { ...POWER_OVER_USERS, system: new Set(['role:update']) }),
    ],
  ])('does not reach whoever becomes %s while his password is being hashed', async (_what, become) => {
    await makeUser(database.db, 'keeper', passwords)
    const before = (await findLogin(database.db, 'bob'))?.passwordHash
    meanwhile = become

    const answer = await refused('keeper', 'PUT', `/users/${bob.id}/password`, {
      new_password: 'Another1234',
    })

    expect(answer).toEqual([403, 'FORBIDDEN'])
    expect((await findLogin(database.db, 'bob'))?.passwordHash).toBe(before)
  })

  it('waits for whoever is making an administrator of the user at this moment', async () => {
    await makeUser(database.db, 'keeper', passwords)
    const { deletion } = await database.db.transaction().execute(async (tx) => {
      await makeAdministrator(tx)
      const deletion = call('keeper', 'DELETE', `/users/${bob.id}`)
      await new Promise((resolve) => setTimeout(resolve, 100))
      return { deletion }
    })

    expect((await deletion).status).toBe(403)
    expect(await findUserByName(database.db, 'bob')).toMatchObject({ sysadmin: true })
  })
})
