import { pbkdf2Sync } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../platform/db/testing.ts'
import type { User } from '../users/model.ts'
import { harborHash } from '../users/passwords.ts'
import { changePassword, deleteUser } from '../users/service.ts'
import { findPasswordHash } from '../users/store.ts'
import { makeUser, TEST_PASSWORD } from '../users/testing.ts'
import { authenticateBasic, authenticateRegistry, authenticateRest, login } from './service.ts'
import { createWorld, type World } from './testing.ts'

const HERE = '192.0.2.1'
const admin = { id: 1, username: 'admin' }

let database: TestDatabase
let world: World
let ann: User

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())
beforeEach(async () => {
  await database.db.deleteFrom('users').execute()
  world = createWorld(database.db, () => Promise.resolve(undefined))
  ann = await makeUser(database.db, 'ann', world.auth.passwords)
})

const attempt = (username: string, password: string, address = HERE) =>
  authenticateBasic(world.auth, { username, password, address })
const users = () => ({ ...world.auth, onUserChanged: () => undefined })
const basic = (username: string, password: string) =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`

describe('a name and a password', () => {
  it('are those of a user, by name or by e-mail address', async () => {
    const expected = { kind: 'user', id: ann.id, username: 'ann', sysadmin: false, generation: 1 }

    expect(await attempt('ann', TEST_PASSWORD)).toEqual(expected)
    expect(await attempt('ann@example.com', TEST_PASSWORD)).toEqual(expected)
  })

  it.each([
    ['ann', 'Wrong1234'],
    ['ann', ''],
    ['nobody', TEST_PASSWORD],
    ['Ann', TEST_PASSWORD],
    ['', TEST_PASSWORD],
    ['an\u0000n', TEST_PASSWORD],
  ])('like %j and %j are nobody’s', async (username, password) => {
    expect(await attempt(username, password)).toBeUndefined()
  })

  it('of a disabled user are refused, and work again once he is enabled', async () => {
    await database.db.updateTable('users').set({ disabled: true }).execute()
    expect(await attempt('ann', TEST_PASSWORD)).toBeUndefined()

    await database.db.updateTable('users').set({ disabled: false }).execute()
    expect(await attempt('ann', TEST_PASSWORD)).toMatchObject({ username: 'ann' })
  })

  it('of a user without a local password are refused', async () => {
    await database.db.updateTable('users').set({ password_hash: null }).execute()

    expect(await attempt('ann', TEST_PASSWORD)).toBeUndefined()
    expect(await attempt('ann', '')).toBeUndefined()
  })
})

describe('a password that has been verified', () => {
  it('is not hashed again for a minute', async () => {
    await attempt('ann', TEST_PASSWORD)
    const verify = vi.spyOn(world.auth.passwords, 'verify')
    try {
      for (let round = 0; round < 50; round += 1) await attempt('ann', TEST_PASSWORD)
      world.pass(59)
      expect(await attempt('ann', TEST_PASSWORD)).toBeDefined()
      expect(verify).not.toHaveBeenCalled()

      world.pass(2)
      expect(await attempt('ann', TEST_PASSWORD)).toBeDefined()
      expect(verify).toHaveBeenCalledTimes(1)
    } finally {
      verify.mockRestore()
    }
  })

  it('is refused at once when it has been changed, or the user deleted', async () => {
    await attempt('ann', TEST_PASSWORD)
    await changePassword(users(), ann.id, 'Contract12345', admin)
    expect(await attempt('ann', TEST_PASSWORD)).toBeUndefined()
    expect(await attempt('ann', 'Contract12345')).toMatchObject({ generation: 2 })

    await deleteUser(users(), ann.id, admin)
    expect(await attempt('ann', 'Contract12345')).toBeUndefined()
  })

  it('is verified once for many who come at the same time', async () => {
    const outcomes = await Promise.all(Array.from({ length: 200 }, () => attempt('ann', TEST_PASSWORD)))

    expect(outcomes.every((outcome) => outcome?.id === ann.id)).toBe(true)
  })
})

describe('the hash of a user who came from Harbor', () => {
  it('becomes one of ours with his first login', async () => {
    const hex = pbkdf2Sync('Imported123', 'salt', 4096, 16, 'sha256').toString('hex')
    const imported = harborHash('sha256', 'salt', hex)
    await database.db.updateTable('users').set({ password_hash: imported }).execute()

    expect(await attempt('ann', 'Wrong1234')).toBeUndefined()
    expect(await findPasswordHash(database.db, ann.id)).toBe(imported)
    expect(await attempt('ann', 'Imported123')).toMatchObject({ generation: 1 })

    expect(await findPasswordHash(database.db, ann.id)).toMatch(/^\$argon2id\$/)
    expect(await attempt('ann', 'Imported123')).toMatchObject({ username: 'ann' })
  })
})

describe('wrong passwords', () => {
  const tryWrong = async (times: number) => {
    for (let round = 0; round < times; round += 1) await attempt('ann', `Wrong${round}`)
  }

  it('do not hinder the right one two seconds later', async () => {
    await tryWrong(1)
    world.pass(2)

    expect(await attempt('ann', TEST_PASSWORD)).toMatchObject({ username: 'ann' })
  })

  it('in numbers keep the right one out for a while, by either name, and elsewhere never', async () => {
    await attempt('ann', TEST_PASSWORD)
    await tryWrong(8)

    expect(await attempt('ann', TEST_PASSWORD)).toBeUndefined()
    expect(await attempt('ann@example.com', TEST_PASSWORD)).toBeUndefined()
    expect(
      await login(world.auth, { username: 'ann', password: TEST_PASSWORD, address: HERE }),
    ).toMatchObject({
      result: 'throttled',
    })
    expect(await attempt('ann', TEST_PASSWORD, '192.0.2.2')).toMatchObject({ username: 'ann' })
    world.pass(300)
    expect(await attempt('ann', TEST_PASSWORD)).toMatchObject({ username: 'ann' })
  })

  it('for other names do not keep out whoever has just shown his own from there', async () => {
    await attempt('ann', TEST_PASSWORD)
    await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        attempt(`nobody${index}`, 'Wrong1234').catch(() => undefined),
      ),
    )

    expect(await attempt('nobody', 'Wrong1234')).toBeUndefined()
    expect(await attempt('ann', TEST_PASSWORD)).toMatchObject({ username: 'ann' })
  })
})

describe('a call to the REST API', () => {
  const ask = (authorization: string | undefined) =>
    authenticateRest(world.auth, { authorization, sessionId: undefined, address: HERE })

  it('by Basic comes from the user', async () => {
    expect(await ask(basic('ann', TEST_PASSWORD))).toMatchObject({ kind: 'user', username: 'ann' })
  })

  it.each([undefined, basic('ann', 'Wrong1234'), 'Basic !!!', 'Bearer nonsense', 'Negotiate abc'])(
    'with %j comes from nobody in particular',
    async (authorization) => {
      expect(await ask(authorization)).toEqual({ kind: 'anonymous' })
    },
  )
})

describe('a call to the registry API', () => {
  const ask = (authorization: string | undefined) =>
    authenticateRegistry(world.auth, { authorization, address: HERE })

  it('says by what it was recognised', async () => {
    expect(await ask(undefined)).toMatchObject({ via: 'nothing', principal: { kind: 'anonymous' } })
    expect(await ask(basic('ann', TEST_PASSWORD))).toMatchObject({
      via: 'basic',
      principal: { username: 'ann' },
    })
    expect(await ask(basic('ann', 'Wrong1234'))).toMatchObject({ via: 'rejected' })
    expect(await ask('Bearer nonsense')).toMatchObject({ via: 'rejected' })
  })
})
