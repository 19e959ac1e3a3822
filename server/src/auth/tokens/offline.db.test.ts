import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../platform/db/testing.ts'
import type { User } from '../../users/model.ts'
import { changePassword, deleteUser } from '../../users/service.ts'
import { makeUser } from '../../users/testing.ts'
import { principalOf } from '../model.ts'
import { createWorld, type World } from '../testing.ts'
import { issueOfflineToken, purgeOfflineTokens, redeemOfflineToken } from './offline.ts'
import { deleteDeadOfflineTokens } from './store.ts'

const admin = { id: 1, username: 'admin' }
const DAY = 24 * 60 * 60

let database: TestDatabase
let world: World
let ann: User

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())
beforeEach(async () => {
  await database.db.deleteFrom('offline_tokens').execute()
  await database.db.deleteFrom('users').execute()
  world = createWorld(database.db, () => Promise.resolve(undefined))
  ann = await makeUser(database.db, 'ann', world.auth.passwords)
})

const issue = (user = ann) => issueOfflineToken(world.auth, principalOf(user), 'docker')
const redeem = async (token: string) => (await redeemOfflineToken(world.auth, token))?.id
const users = () => ({ ...world.auth, onUserChanged: () => undefined })
const count = async () => (await database.db.selectFrom('offline_tokens').selectAll().execute()).length

describe('an offline token', () => {
  it('stands for its user, again and again', async () => {
    const token = await issue()

    expect(token).toMatch(/^[\w-]{43}$/)
    expect([await redeem(token), await redeem(token)]).toEqual([ann.id, ann.id])
  })

  it.each(['', 'nonsense'])('is not %j', async (token) => {
    expect(await redeem(token)).toBeUndefined()
  })

  it('lives on with use and ends ninety days after the last', async () => {
    const token = await issue()
    for (let round = 0; round < 3; round += 1) {
      world.pass(60 * DAY)
      expect(await redeem(token)).toBe(ann.id)
    }

    world.pass(91 * DAY)

    expect(await redeem(token)).toBeUndefined()
  })

  it.each<[string, () => Promise<unknown>]>([
    ['the password is changed', () => changePassword(users(), ann.id, 'Contract12345', admin)],
    ['the user is deleted', () => deleteUser(users(), ann.id, admin)],
    ['the user is disabled', () => database.db.updateTable('users').set({ disabled: true }).execute()],
  ])('ends when %s', async (_what, change) => {
    const token = await issue()

    await change()

    expect(await redeem(token)).toBeUndefined()
  })

  it('of a client with a strange name works', async () => {
    const token = await issueOfflineToken(world.auth, principalOf(ann), `\u0000${'x'.repeat(5000)}`)

    expect(await redeem(token)).toBe(ann.id)
  })
})

describe('purging', () => {
  it('removes what has expired and leaves the rest', async () => {
    await issue()
    world.pass(91 * DAY)
    const live = await issue()

    expect(await purgeOfflineTokens(world.auth)).toBe(1)

    expect(await redeem(live)).toBe(ann.id)
  })

  it('keeps of each user only so many, the ones that expire last', async () => {
    const bob = await makeUser(database.db, 'bob', world.auth.passwords)
    const tokens = []
    for (let round = 0; round < 5; round += 1) {
      tokens.push(await issue())
      world.pass(1)
    }
    await issue(bob)

    await deleteDeadOfflineTokens(database.db, world.auth.now(), 2)

    expect(await count()).toBe(3)
    expect(await Promise.all(tokens.map(redeem))).toEqual([undefined, undefined, undefined, ann.id, ann.id])
  })
})
