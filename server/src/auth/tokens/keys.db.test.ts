import { randomBytes } from 'node:crypto'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ANONYMOUS } from '../../access/model.ts'
import { secretBox } from '../../platform/crypto/secret-box.ts'
import { createTestDatabase, type TestDatabase } from '../../platform/db/testing.ts'
import { authenticateBearer } from '../service.ts'
import { createWorld, type World } from '../testing.ts'
import { ensureSigningKey, type KeysDeps, rotateSigningKey } from './keys.ts'
import { issueToken } from './service.ts'

let database: TestDatabase
let world: World
let deps: KeysDeps

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())
beforeEach(async () => {
  await database.db.deleteFrom('signing_keys').execute()
  world = createWorld(database.db, () => Promise.resolve(undefined))
  deps = { db: database.db, box: world.box, now: world.auth.now }
})

const rows = () => database.db.selectFrom('signing_keys').selectAll().orderBy('creation_time').execute()
const issue = async (auth = world.auth) => (await issueToken(auth, ANONYMOUS, [])).token
const accepted = async (token: string, auth = world.auth) =>
  (await authenticateBearer(auth, token)) !== undefined

describe('the first signing key', () => {
  it('is made once, also by processes that start at the same time', async () => {
    await Promise.all([ensureSigningKey(deps), ensureSigningKey(deps)])
    await ensureSigningKey(deps)

    expect(await rows()).toHaveLength(1)
  })

  it('is not readable in the database', async () => {
    await ensureSigningKey(deps)

    const [row] = await rows()
    expect(Object.keys(row?.public_jwk ?? {}).sort()).toEqual(['e', 'kty', 'n'])
    expect(row?.private_sealed.includes(Buffer.from([0x30, 0x82]))).toBe(false)
  })

  it('stops the start where it was sealed with another secret key', async () => {
    await ensureSigningKey(deps)

    const other = ensureSigningKey({ ...deps, box: secretBox(randomBytes(32)) })

    await expect(other).rejects.toThrow('sealed with another secret key')
  })
})

describe('the published keys', () => {
  it('verify tokens', async () => {
    await ensureSigningKey(deps)
    const token = await issue()

    const keys = await world.auth.keys.published()

    const { payload } = await jwtVerify(token, createLocalJWKSet({ keys }), { currentDate: world.auth.now() })
    expect(payload.iss).toBe('harbor-token-issuer')
    expect(Object.keys(keys[0] ?? {}).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use'])
  })
})

describe('rotation', () => {
  beforeEach(() => ensureSigningKey(deps))

  it('leaves one active key, also when two do it at once', async () => {
    await Promise.all([rotateSigningKey(deps), rotateSigningKey(deps)])

    expect((await rows()).map((row) => row.retirement_time === null).filter(Boolean)).toHaveLength(1)
    expect(await rows()).toHaveLength(3)
  })

  it('is heard of within ten seconds by those who sign', async () => {
    const before = (await world.auth.keys.active()).kid
    const after = await rotateSigningKey(deps)

    world.pass(9)
    expect((await world.auth.keys.active()).kid).toBe(before)
    world.pass(1)
    expect((await world.auth.keys.active()).kid).toBe(after)
  })

  it('is heard of by those who verify with the first token of the new key', async () => {
    await issue()
    world.pass(2)
    await rotateSigningKey(deps)
    const token = await issue(world.another())

    expect(await accepted(token)).toBe(true)
  })

  it('leaves tokens of the old key valid until they expire, and its key published as long', async () => {
    const token = await issue()
    await rotateSigningKey(deps)

    world.pass(1700)
    expect(await accepted(token)).toBe(true)
    expect(await accepted(token, world.another())).toBe(true)
    expect(await world.auth.keys.published()).toHaveLength(2)

    world.pass(200)
    expect(await accepted(token)).toBe(false)
    expect(await world.auth.keys.published()).toHaveLength(1)
  })

  it('that distrusts the old key ends its tokens within ten seconds', async () => {
    const token = await issue()
    expect(await accepted(token)).toBe(true)

    await rotateSigningKey(deps, { distrust: true })
    world.pass(10)
    // The first one to ask sets off the reload, and does not wait for it.
    await accepted(token)
    await world.auth.keys.active()

    expect(await accepted(token)).toBe(false)
    expect(await accepted(token, world.another())).toBe(false)
    expect(await rows()).toHaveLength(1)
  })

  it('works without the secret key that sealed the old one', async () => {
    const box = secretBox(randomBytes(32))

    await rotateSigningKey({ ...deps, box })

    await expect(ensureSigningKey({ ...deps, box })).resolves.toBeUndefined()
  })
})

describe('an unknown key id', () => {
  it('is asked for once a second at most', async () => {
    await ensureSigningKey(deps)
    await world.auth.keys.active()
    world.pass(1)
    await world.auth.keys.find('made-up')
    const kid = await rotateSigningKey(deps)

    expect(await world.auth.keys.find(kid)).toBeUndefined()
    world.pass(1)
    expect(await world.auth.keys.find(kid)).toBeDefined()
  })
})
