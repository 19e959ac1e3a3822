import type { FastifyInstance } from 'fastify'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../platform/db/testing.ts'
import { changePassword } from '../../users/service.ts'
import { makeUser, TEST_PASSWORD } from '../../users/testing.ts'
import { authenticateBearer, forgetUser } from '../service.ts'
import { createApp, createWorld, projectsOf, type World } from '../testing.ts'
import { ensureSigningKey } from './keys.ts'

const findProject = projectsOf({
  private: { id: 11, public: false, roles: [], roleOf: { ann: 'developer' } },
  public: { id: 12, public: true, roles: [] },
})

let database: TestDatabase
let world: World
let app: FastifyInstance

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())
beforeEach(async () => {
  const { db } = database
  await db.deleteFrom('offline_tokens').execute()
  await db.deleteFrom('users').execute()
  await db.deleteFrom('signing_keys').execute()
  world = createWorld(db, findProject)
  app = await createApp(world.auth)
  await ensureSigningKey({ db, box: world.box, now: world.auth.now })
  await makeUser(db, 'ann', world.auth.passwords)
})

const basic = (name: string, password: string) =>
  `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`
const ANN = basic('ann', TEST_PASSWORD)

async function get(query: string, authorization?: string) {
  const answer = await app.inject({
    url: `/service/token?${query}`,
    headers: authorization === undefined ? {} : { authorization },
  })
  return {
    status: answer.statusCode,
    type: answer.headers['content-type'],
    text: answer.body,
    json: answer.body.startsWith('{') ? answer.json() : undefined,
  }
}

async function post(form: Record<string, string>) {
  const answer = await app.inject({
    method: 'POST',
    url: '/service/token',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams({ service: 'harbor-registry', client_id: 'test', ...form }).toString(),
  })
  return { status: answer.statusCode, headers: answer.headers, json: answer.json() }
}

const access = (token: string) => decodeJwt(token).access

describe('GET /service/token', () => {
  const app1 = 'scope=repository:private/app:pull'

  it('answers a token in Harbor’s form', async () => {
    const { status, json } = await get(`service=harbor-registry&account=ann&client_id=docker&${app1}`, ANN)

    expect(status).toBe(200)
    expect(json).toEqual({
      token: expect.any(String),
      access_token: '',
      expires_in: 1800,
      issued_at: world.auth.now().toISOString(),
    })
    expect(access(json.token)).toEqual([
      { type: 'repository', name: 'private/app', actions: ['pull', 'push'] },
    ])
  })

  it.each([
    ['in two parameters', `${app1}&scope=repository:public/app:pull`],
    ['in one', `${app1}%20repository:public/app:pull`],
  ])('takes several scopes %s', async (_how, scopes) => {
    const { json } = await get(`service=harbor-registry&${scopes}`, ANN)

    expect(access(json.token)).toEqual([
      { type: 'repository', name: 'private/app', actions: ['pull', 'push'] },
      { type: 'repository', name: 'public/app', actions: ['pull'] },
    ])
  })

  it('gives anonymous callers, and those with wrong credentials, what is public', async () => {
    for (const authorization of [undefined, basic('ann', 'Wrong1234'), 'Basic !!!']) {
      const { status, json } = await get(
        `service=harbor-registry&${app1}&scope=repository:public/app:pull,push`,
        authorization,
      )
      expect(status).toBe(200)
      expect(access(json.token)).toEqual([
        { type: 'repository', name: 'private/app', actions: [] },
        { type: 'repository', name: 'public/app', actions: ['pull'] },
      ])
    }
  })

  it('is a login where no scope is asked for', async () => {
    expect((await get('service=harbor-registry', ANN)).status).toBe(200)
    expect((await get('service=harbor-registry&scope=', ANN)).status).toBe(200)
    expect(await get('service=harbor-registry')).toMatchObject({ status: 401, text: '' })
    expect((await get('service=harbor-registry', basic('ann', 'Wrong1234'))).status).toBe(401)
  })

  it.each([
    ['service=other', 'Unable to handle service: other'],
    [app1, 'Unable to handle service: '],
  ])('refuses %s', async (query, text) => {
    expect(await get(query, ANN)).toMatchObject({ status: 400, type: 'text/plain; charset=utf-8', text })
  })

  it('refuses hundreds of scopes', async () => {
    const many = Array.from({ length: 101 }, (_, index) => `scope=repository:p${index}/a:pull`).join('&')

    expect((await get(`service=harbor-registry&${many}`, ANN)).status).toBe(400)
  })

  it('gives an offline token to users who ask for one', async () => {
    const { json } = await get('service=harbor-registry&offline_token=true&client_id=docker', ANN)
    const anonymous = await get(`service=harbor-registry&offline_token=true&scope=repository:public/app:pull`)

    expect(json.refresh_token).toMatch(/^[\w-]{43}$/)
    expect(anonymous.json.refresh_token).toBeUndefined()
  })

  it('takes no session for a login', async () => {
    const answer = await app.inject({
      url: '/service/token?service=harbor-registry',
      cookies: { sid: 'a'.repeat(43) },
    })

    expect([answer.statusCode, answer.headers['set-cookie']]).toEqual([401, undefined])
  })
})

describe('POST /service/token', () => {
  const scope = 'repository:private/app:pull repository:public/app:pull'

  it('answers a token for a password', async () => {
    const { status, json } = await post({
      grant_type: 'password',
      username: 'ann',
      password: TEST_PASSWORD,
      scope,
    })

    expect(status).toBe(200)
    expect(json).toEqual({
      access_token: json.token,
      token: expect.any(String),
      scope: 'repository:private/app:pull,push repository:public/app:pull',
      expires_in: 1800,
      issued_at: world.auth.now().toISOString(),
    })
    expect(await authenticateBearer(world.auth, json.token)).toMatchObject({ principal: { username: 'ann' } })
  })

  it('gives an offline token, which stands for the password from then on', async () => {
    const password = {
      grant_type: 'password',
      username: 'ann',
      password: TEST_PASSWORD,
      access_type: 'offline',
    }
    const first = await post(password)

    const again = await post({ grant_type: 'refresh_token', refresh_token: first.json.refresh_token, scope })

    expect(again.status).toBe(200)
    expect(again.json.refresh_token).toBe(first.json.refresh_token)
    expect(access(again.json.access_token)).toHaveLength(2)
  })

  it('refuses an offline token once the password is another', async () => {
    const { json } = await get('service=harbor-registry&offline_token=true', ANN)
    const ann = await database.db.selectFrom('users').select('id').executeTakeFirstOrThrow()
    const users = { ...world.auth, onUserChanged: (id: number) => forgetUser(world.auth, id) }
    await changePassword(users, ann.id, 'Contract12345', { id: 1, username: 'admin' })

    const answer = await post({ grant_type: 'refresh_token', refresh_token: json.refresh_token })

    expect([answer.status, answer.json.error]).toEqual([401, 'invalid_grant'])
  })

  it.each<[string, Record<string, string>, number, string]>([
    [
      'a wrong password',
      { grant_type: 'password', username: 'ann', password: 'Wrong1234' },
      401,
      'invalid_grant',
    ],
    ['no user name', { grant_type: 'password', password: 'x' }, 400, 'invalid_request'],
    ['a made-up refresh token', { grant_type: 'refresh_token', refresh_token: 'x' }, 401, 'invalid_grant'],
    ['no refresh token', { grant_type: 'refresh_token' }, 401, 'invalid_grant'],
    ['another grant', { grant_type: 'client_credentials' }, 400, 'unsupported_grant_type'],
    ['no grant', {}, 400, 'unsupported_grant_type'],
    ['another service', { service: 'other', grant_type: 'password' }, 400, 'invalid_request'],
  ])('refuses %s in the words of OAuth2 and of Docker', async (_what, form, status, error) => {
    const answer = await post(form)

    expect([answer.status, answer.json.error]).toEqual([status, error])
    expect(answer.json.errors).toEqual([{ code: expect.any(String), message: answer.json.error_description }])
  })

  it('tells clients with many wrong passwords to wait', async () => {
    const wrong = { grant_type: 'password', username: 'ann', password: 'Wrong1234' }
    for (let round = 0; round < 5; round += 1) await post(wrong)

    const answer = await post({ ...wrong, password: TEST_PASSWORD })

    expect([answer.status, answer.headers['retry-after']]).toEqual([429, '1'])
    expect(answer.json.errors[0].code).toBe('TOOMANYREQUESTS')
  })

  it('takes forms only, and no large ones', async () => {
    const send = (type: string, payload: string) =>
      app.inject({ method: 'POST', url: '/service/token', headers: { 'content-type': type }, payload })

    expect((await send('text/plain', 'grant_type=password')).statusCode).toBe(422)
    expect((await send('application/x-www-form-urlencoded', 'a='.repeat(100_000))).statusCode).toBe(413)
  })
})

describe('the public keys', () => {
  it('are under two names, for a minute', async () => {
    const [one, other] = await Promise.all(
      ['/service/token/jwks.json', '/.well-known/jwks.json'].map((url) => app.inject(url)),
    )

    expect(one?.json()).toEqual({
      keys: [
        { kty: 'RSA', alg: 'RS256', use: 'sig', e: 'AQAB', n: expect.any(String), kid: expect.any(String) },
      ],
    })
    expect(other?.json()).toEqual(one?.json())
    expect(one?.headers['cache-control']).toBe('public, max-age=60')
  })
})

describe('the REST API', () => {
  it('takes no registry token for a login', async () => {
    const { json } = await get('service=harbor-registry', ANN)

    const answer = await app.inject({
      url: '/api/v2.0/users/current',
      headers: { authorization: `Bearer ${json.token}` },
    })

    expect(answer.statusCode).toBe(401)
  })
})
