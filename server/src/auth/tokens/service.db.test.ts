import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ANONYMOUS, type Principal } from '../../access/model.ts'
import { createTestDatabase, type TestDatabase } from '../../platform/db/testing.ts'
import type { User } from '../../users/model.ts'
import { changePassword, deleteUser, setSysadmin } from '../../users/service.ts'
import { makeUser } from '../../users/testing.ts'
import { principalOf } from '../model.ts'
import { authenticateBearer, forgetUser } from '../service.ts'
import { createWorld, projectsOf, type World } from '../testing.ts'
import { ensureSigningKey } from './keys.ts'
import { parseScopes } from './scope.ts'
import { issueToken } from './service.ts'

const admin = { id: 1, username: 'admin' }
const findProject = projectsOf({
  private: { id: 11, public: false, roles: [], roleOf: { ann: 'developer' } },
  public: { id: 12, public: true, roles: [] },
})

let database: TestDatabase
let world: World
let ann: User
let box: Parameters<typeof ensureSigningKey>[0]['box']

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())
beforeEach(async () => {
  await database.db.deleteFrom('signing_keys').execute()
  await database.db.deleteFrom('users').execute()
  world = createWorld(database.db, findProject)
  box = world.box
  await ensureSigningKey({ db: database.db, box, now: world.auth.now })
  ann = await makeUser(database.db, 'ann', world.auth.passwords)
})

const issue = async (principal: Principal, ...scopes: string[]) =>
  (await issueToken(world.auth, principal, parseScopes(scopes))).token
const users = () => ({ ...world.auth, onUserChanged: (id: number) => forgetUser(world.auth, id) })

describe('a token', () => {
  it('has the claims that Harbor’s have, and binds names to identities', async () => {
    const { token, expiresIn, issuedAt, scope } = await issueToken(
      world.auth,
      principalOf(ann),
      parseScopes(['repository:public/app:pull repository:private/app:pull']),
    )

    const seconds = Math.floor(issuedAt.getTime() / 1000)
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'RS256', typ: 'JWT', kid: expect.any(String) })
    expect(decodeJwt(token)).toEqual({
      iss: 'harbor-token-issuer',
      sub: 'ann',
      aud: 'harbor-registry',
      exp: seconds + 1800,
      nbf: seconds,
      iat: seconds,
      jti: expect.any(String),
      access: [
        { type: 'repository', name: 'private/app', actions: ['pull', 'push'] },
        { type: 'repository', name: 'public/app', actions: ['pull'] },
      ],
      projects: { private: 11, public: 12 },
      uid: ann.id,
      gen: 1,
    })
    expect(expiresIn).toBe(1800)
    expect(scope).toBe('repository:private/app:pull,push repository:public/app:pull')
  })

  it('tells of a private project no more than of a missing one', async () => {
    const [hidden, missing] = await Promise.all([
      issue(ANONYMOUS, 'repository:private/app:pull'),
      issue(ANONYMOUS, 'repository:missing/app:pull'),
    ])

    const [a, b] = [decodeJwt(hidden), decodeJwt(missing)]
    expect(a.access).toEqual([{ type: 'repository', name: 'private/app', actions: [] }])
    expect(b.access).toEqual([{ type: 'repository', name: 'missing/app', actions: [] }])
    expect([a.projects, b.projects]).toEqual([{}, {}])
    expect([a.sub, a.uid, a.gen]).toEqual([undefined, undefined, undefined])
  })

  it('without scope allows nothing', async () => {
    const token = await issue(principalOf(ann))

    expect(decodeJwt(token).access).toBeNull()
    expect((await authenticateBearer(world.auth, token))?.access).toEqual([])
  })

  it.each([
    ['registry:catalog:*', ['*'], []],
    ['repository:app:pull', [], []],
    ['repository:/app:pull', [], []],
    ['repository:private/:pull', [], []],
    ['repository:pri\u0000vate/app:pull', [], []],
    ['plane:private/app:fly', [], []],
  ])(
    'for %j allows the administrator %j and anonymous callers %j',
    async (scope, ofAdministrator, ofAnonymous) => {
      const actions = async (principal: Principal) =>
        (await authenticateBearer(world.auth, await issue(principal, scope)))?.access[0]?.actions
      await setSysadmin(users(), ann.id, true, admin)

      expect(await actions({ ...principalOf(ann), sysadmin: true })).toEqual(ofAdministrator)
      expect(await actions(ANONYMOUS)).toEqual(ofAnonymous)
    },
  )

  it('lets every user, and nobody else, ask for the catalogue, which shows each what he may see', async () => {
    const token = await issue(principalOf(ann), 'registry:catalog:*')

    expect(decodeJwt(token).access).toEqual([{ type: 'registry', name: 'catalog', actions: ['*'] }])
  })
})

describe('the holder of a token', () => {
  it('is its user, as he is now', async () => {
    const token = await issue(principalOf(ann), 'repository:private/app:pull')

    expect(await authenticateBearer(world.auth, token)).toEqual({
      principal: principalOf(ann),
      access: [{ type: 'repository', name: 'private/app', actions: ['pull', 'push'] }],
      projects: { private: 11 },
    })
  })

  it('may be nobody in particular', async () => {
    const token = await issue(ANONYMOUS, 'repository:public/app:pull')

    expect(await authenticateBearer(world.auth, token)).toMatchObject({
      principal: { kind: 'anonymous' },
      access: [{ actions: ['pull'] }],
    })
  })

  it.each<[string, () => Promise<unknown>]>([
    ['his password is changed', () => changePassword(users(), ann.id, 'Contract12345', admin)],
    ['he is deleted', () => deleteUser(users(), ann.id, admin)],
  ])('loses it at once when %s in this process', async (_what, change) => {
    const token = await issue(principalOf(ann), 'repository:private/app:pull')
    expect(await authenticateBearer(world.auth, token)).toBeDefined()

    await change()

    expect(await authenticateBearer(world.auth, token)).toBeUndefined()
  })

  it('loses it within five seconds when he is changed in another process', async () => {
    const token = await issue(principalOf(ann), 'repository:private/app:pull')
    await authenticateBearer(world.auth, token)

    await database.db.updateTable('users').set({ disabled: true }).execute()
    const at = []
    for (const seconds of [0, 4.9, 0.1]) {
      world.pass(seconds)
      at.push((await authenticateBearer(world.auth, token)) !== undefined)
    }

    expect(at).toEqual([true, true, false])
  })

  it('has one that works at once after a change in another process', async () => {
    const other = world.another()
    await authenticateBearer(world.auth, await issue(principalOf(ann)))

    await changePassword({ ...other, onUserChanged: () => undefined }, ann.id, 'Contract12345', admin)
    const token = (await issueToken(other, { ...principalOf(ann), generation: 2 }, [])).token

    expect(await authenticateBearer(world.auth, token)).toMatchObject({ principal: { generation: 2 } })
  })
})

describe('a token is refused', () => {
  const refused = async (token: string) => (await authenticateBearer(world.auth, token)) === undefined

  it('when its time is over', async () => {
    const token = await issue(principalOf(ann))
    world.pass(1799)
    expect(await refused(token)).toBe(false)

    world.pass(10)

    expect(await refused(token)).toBe(true)
  })

  it.each(['', 'nonsense', 'a.b.c', '..', 'eyJhbGciOiJub25lIn0.e30.'])('when it is %j', async (token) => {
    expect(await refused(token)).toBe(true)
  })

  it('when any part of it has been changed', async () => {
    const [head = '', body = '', signature = ''] = (await issue(principalOf(ann))).split('.')
    const other = Buffer.from(
      JSON.stringify({ ...JSON.parse(Buffer.from(body, 'base64url').toString()), uid: 1 }),
    )
    const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'JWT' }))

    expect(await refused(`${head}.${other.toString('base64url')}.${signature}`)).toBe(true)
    expect(await refused(`${head}.${body}.${signature.slice(0, -6)}AAAAAA`)).toBe(true)
    expect(await refused(`${none.toString('base64url')}.${body}.`)).toBe(true)
    expect(await refused(`${head}.${body}.${signature}`)).toBe(false)
  })

  it('when it was signed with the public key for a secret', async () => {
    const token = await issue(principalOf(ann))
    const [jwk] = await world.auth.keys.published()
    const forged = await new SignJWT(decodeJwt(token))
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: String(jwk?.kid) })
      .sign(Buffer.from(String(jwk?.n)))

    expect(await refused(forged)).toBe(true)
  })

  it.each([
    ['audience', { aud: 'another-registry' }],
    ['issuer', { iss: 'another-issuer' }],
    ['time', { exp: 1 }],
    ['time to come', { nbf: 9_999_999_999 }],
    ['form of access', { access: 'repository:private/app:push' }],
    ['form of projects', { projects: { private: 'x' } }],
    ['form of user', { uid: '1' }],
    ['user without generation', { gen: undefined }],
  ])('when it is ours and of another %s', async (_what, change) => {
    const claims = decodeJwt(await issue(principalOf(ann)))
    const { kid, privateKey } = await world.auth.keys.active()
    const token = await new SignJWT({ ...claims, ...change })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid })
      .sign(privateKey)

    expect(await refused(token)).toBe(true)
  })
})
