import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../platform/db/testing.ts'
import { setSysadmin } from '../../users/service.ts'
import { makeUser, TEST_PASSWORD } from '../../users/testing.ts'
import { createApp, createWorld, type World } from '../testing.ts'

const CURRENT = '/api/v2.0/users/current'
const admin = { id: 1, username: 'admin' }

let database: TestDatabase
let world: World
let app: FastifyInstance

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())
beforeEach(async () => {
  await database.db.deleteFrom('sessions').execute()
  await database.db.deleteFrom('users').execute()
  world = createWorld(database.db, () => Promise.resolve(undefined))
  app = await createApp(world.auth)
})

interface Ask {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  headers?: Record<string, string>
  form?: Record<string, string>
  json?: object
}

/** A browser: keeps the cookies it is given and sends them back. */
function createBrowser(server = app) {
  const jar = new Map<string, string>()
  return {
    jar,
    async ask(url: string, { method = 'GET', headers = {}, form, json }: Ask = {}) {
      const answer = await server.inject({
        method,
        url,
        headers: {
          ...(jar.size > 0 ? { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') } : {}),
          ...(form ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
          ...headers,
        },
        ...(form ? { payload: new URLSearchParams(form).toString() } : json ? { payload: json } : {}),
      })
      const given = answer.cookies.map(({ name, value }) => [name, value] as const)
      for (const [name, value] of given) jar.set(name, value)
      return {
        status: answer.statusCode,
        body: answer.body,
        error: answer.body.startsWith('{"errors"') ? answer.json().errors[0] : undefined,
        csrf: String(answer.headers['x-harbor-csrf-token'] ?? ''),
        given: given.map(([name]) => name).sort(),
        lines: [answer.headers['set-cookie'] ?? []].flat(),
        headers: answer.headers,
      }
    },
  }
}

type Browser = ReturnType<typeof createBrowser>

async function logIn(browser: Browser, name = 'ann', password = TEST_PASSWORD) {
  await browser.ask(CURRENT)
  const { csrf } = await browser.ask(CURRENT)
  const form = { principal: name, password }
  return browser.ask('/c/login', { method: 'POST', form, headers: { 'x-harbor-csrf-token': csrf } })
}

describe('a browser that has not logged in', () => {
  it('gets a session cookie first, then a CSRF token, and nothing is stored for it', async () => {
    const browser = createBrowser()

    const first = await browser.ask(CURRENT)
    const second = await browser.ask(CURRENT)
    const third = await browser.ask(CURRENT)

    expect([first.status, first.given, first.csrf]).toEqual([401, ['sid'], ''])
    expect([second.status, second.given]).toEqual([401, ['_gorilla_csrf']])
    expect(second.csrf).not.toBe('')
    expect(third.given).toEqual([])
    expect(third.csrf).not.toBe(second.csrf)
    expect(await database.db.selectFrom('sessions').selectAll().execute()).toEqual([])
  })

  it('cannot log in without a CSRF token', async () => {
    const answer = await createBrowser().ask('/c/login', { method: 'POST', form: { principal: 'ann' } })

    expect(answer.status).toBe(403)
    expect(answer.error).toEqual({ code: 'FORBIDDEN', message: 'CSRF token not found in request' })
    expect(answer.given).toEqual(['_gorilla_csrf'])
    expect(answer.csrf).not.toBe('')
  })

  it('cannot do so under another spelling of the path either', async () => {
    const answer = await createBrowser().ask('/%63/login', { method: 'POST', form: { principal: 'ann' } })

    expect(answer.error).toEqual({ code: 'FORBIDDEN', message: 'CSRF token not found in request' })
  })
})

describe('cookies', () => {
  it('are out of reach of scripts and of other sites, and sent over TLS only where there is TLS', async () => {
    const plain = await createBrowser().ask(CURRENT)
    const secure = await createBrowser(await createApp(world.auth, 'https://registry.example.com')).ask(
      CURRENT,
    )

    expect(plain.lines).toEqual([expect.stringMatching(/^sid=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/)])
    expect(secure.lines).toEqual([expect.stringMatching(/; HttpOnly; SameSite=Lax; Secure$/)])
  })
})

describe('logging in', () => {
  beforeEach(() => makeUser(database.db, 'ann', world.auth.passwords))

  it('yields a session under a new id', async () => {
    const browser = createBrowser()
    await browser.ask(CURRENT)
    const before = browser.jar.get('sid')

    const answer = await logIn(browser)

    expect([answer.status, answer.body, answer.given]).toEqual([200, '', ['sid']])
    expect(browser.jar.get('sid')).not.toBe(before)
    const me = await browser.ask(CURRENT)
    expect([me.status, JSON.parse(me.body).username]).toEqual([200, 'ann'])
    expect(me.csrf).not.toBe('')
  })

  it('with a wrong password is refused, and works two seconds later', async () => {
    const browser = createBrowser()

    const wrong = await logIn(browser, 'ann', 'Wrong1234')
    world.pass(2)
    const right = await logIn(browser)

    expect([wrong.status, wrong.body, right.status]).toEqual([401, '', 200])
  })

  it('says after many wrong passwords when to come back', async () => {
    const browser = createBrowser()
    for (let round = 0; round < 6; round += 1) await logIn(browser, 'ann', 'Wrong1234')

    const answer = await logIn(browser)

    expect([answer.status, answer.headers['retry-after']]).toEqual([429, '1'])
  })

  it.each([
    ['nothing', {}],
    ['a name', { principal: 'ann' }],
    ['a NUL', { principal: 'a\u0000', password: 'x' }],
  ])('with %s is refused', async (_what, form) => {
    const browser = createBrowser()
    await browser.ask(CURRENT)
    const { csrf } = await browser.ask(CURRENT)

    const answer = await browser.ask('/c/login', {
      method: 'POST',
      form,
      headers: { 'x-harbor-csrf-token': csrf },
    })

    expect(answer.status).toBe(401)
  })

  it('with a form of megabytes is refused', async () => {
    const browser = createBrowser()

    expect((await logIn(browser, 'ann', 'x'.repeat(2_000_000))).status).toBe(413)
  })
})

describe('a session', () => {
  let browser: Browser
  let csrf: string
  const change = { email: 'ann2@example.com', realname: 'Ann Two' }
  let self: string

  beforeEach(async () => {
    const ann = await makeUser(database.db, 'ann', world.auth.passwords)
    self = `/api/v2.0/users/${ann.id}`
    browser = createBrowser()
    await logIn(browser)
    csrf = (await browser.ask(CURRENT)).csrf
  })

  it('changes something with its CSRF token', async () => {
    const headers = { 'x-harbor-csrf-token': csrf }

    expect((await browser.ask(self, { method: 'PUT', json: change, headers })).status).toBe(200)
  })

  it.each<[string, Record<string, string>, string]>([
    ['without a token', {}, 'CSRF token not found in request'],
    ['with a foreign token', { 'x-harbor-csrf-token': 'bm90aGluZw==' }, 'CSRF token invalid'],
  ])('changes nothing %s', async (_what, headers, message) => {
    const answer = await browser.ask(self, { method: 'PUT', json: change, headers })

    expect([answer.status, answer.error]).toEqual([403, { code: 'FORBIDDEN', message }])
    expect(answer.csrf).not.toBe('')
  })

  it.each(['cross-site', 'same-site'])('changes nothing that a %s page asks for', async (from) => {
    const headers = { 'x-harbor-csrf-token': csrf, 'sec-fetch-site': from }

    expect((await browser.ask(self, { method: 'PUT', json: change, headers })).status).toBe(403)
  })

  it('changes nothing with the token of another browser', async () => {
    const other = createBrowser()
    await logIn(other)
    const headers = { 'x-harbor-csrf-token': (await other.ask(CURRENT)).csrf }

    expect((await browser.ask(self, { method: 'PUT', json: change, headers })).status).toBe(403)
  })

  it('counts for nothing beside an Authorization header', async () => {
    const authorization = `Basic ${Buffer.from('ann:Wrong1234').toString('base64')}`

    const answer = await browser.ask(self, { method: 'PUT', json: change, headers: { authorization } })

    expect(answer.status).toBe(401)
  })

  it('ends with logging out, for every copy of its id', async () => {
    const copy = createBrowser()
    for (const [name, value] of browser.jar) copy.jar.set(name, value)

    const out = await browser.ask('/c/log_out')

    expect([out.status, out.given]).toEqual([200, ['sid']])
    expect((await browser.ask(CURRENT)).status).toBe(401)
    expect((await copy.ask(CURRENT)).status).toBe(401)
  })

  it('of a plain user may not ask whether others exist', async () => {
    const headers = { 'x-harbor-csrf-token': csrf }
    const form = { target: 'username', value: 'ann' }

    const answer = await browser.ask('/c/userExists', { method: 'POST', form, headers })

    expect([answer.status, answer.body]).toEqual([
      412,
      'self registration deactivated, only sysadmin can check user existence',
    ])
  })

  it.each([
    ['username', 'ann', 'true'],
    ['username', 'nobody', 'false'],
    ['email', 'ann@example.com', 'true'],
    ['email', 'nobody@example.com', 'false'],
  ])('of an administrator may ask whether the %s %s exists: %s', async (target, value, expected) => {
    const users = { ...world.auth, onUserChanged: () => undefined }
    await setSysadmin(users, Number(self.split('/').pop()), true, admin)
    const headers = { 'x-harbor-csrf-token': csrf }

    const answer = await browser.ask('/c/userExists', { method: 'POST', form: { target, value }, headers })

    expect([answer.status, answer.body]).toEqual([200, expected])
  })
})

describe('a program', () => {
  const authorization = `Basic ${Buffer.from(`ann:${TEST_PASSWORD}`).toString('base64')}`

  it('with Basic needs no token and gets no cookies', async () => {
    const ann = await makeUser(database.db, 'ann', world.auth.passwords)
    const json = { email: 'ann2@example.com', realname: 'Ann Two' }

    const answer = await createBrowser().ask(`/api/v2.0/users/${ann.id}`, {
      method: 'PUT',
      json,
      headers: { authorization },
    })

    expect([answer.status, answer.given, answer.csrf]).toEqual([200, [], ''])
  })
})

describe('OpenID Connect, which there is none of', () => {
  it('refuses the login', async () => {
    const answer = await createBrowser().ask('/c/oidc/login')

    expect(answer.status).toBe(412)
    expect(answer.error).toEqual({
      code: 'PRECONDITION_FAILED',
      message: 'auth mode: db_auth is not OIDC based',
    })
    expect(answer.given).toEqual(['_gorilla_csrf', 'sid'])
  })

  it('finds no provider to ping, and tells administrators alone', async () => {
    const ann = await makeUser(database.db, 'ann', world.auth.passwords)
    const authorization = `Basic ${Buffer.from(`ann:${TEST_PASSWORD}`).toString('base64')}`
    const ping = () =>
      createBrowser().ask('/api/v2.0/system/oidc/ping', {
        method: 'POST',
        json: { url: 'http://127.0.0.1:1', verify_cert: false },
        headers: { authorization },
      })

    expect((await ping()).status).toBe(403)
    await setSysadmin({ ...world.auth, onUserChanged: () => undefined }, ann.id, true, admin)
    expect((await ping()).status).toBe(400)
  })
})
