import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { newRandomSecret } from '../../platform/crypto/random-secret.ts'
import { createTestDatabase, type TestDatabase } from '../../platform/db/testing.ts'
import type { User } from '../../users/model.ts'
import { changePassword, deleteUser, setSysadmin } from '../../users/service.ts'
import { makeUser } from '../../users/testing.ts'
import { createWorld, type World } from '../testing.ts'
import { endSession, findSessionPrincipal, purgeSessions, startSession } from './service.ts'

const admin = { id: 1, username: 'admin' }
const MINUTE = 60

let database: TestDatabase
let world: World
let ann: User

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())
beforeEach(async () => {
  await database.db.deleteFrom('sessions').execute()
  await database.db.deleteFrom('users').execute()
  world = createWorld(database.db, () => Promise.resolve(undefined))
  ann = await makeUser(database.db, 'ann', world.auth.passwords)
})

const who = async (id: string) => (await findSessionPrincipal(world.auth, id))?.id
const users = () => ({ ...world.auth, onUserChanged: () => undefined })
const rows = () => database.db.selectFrom('sessions').selectAll().execute()

describe('a session', () => {
  it('is its user’s, and the table holds no id that works', async () => {
    const id = await startSession(world.auth, ann, { address: '::1' })

    const [row] = await rows()
    expect(await who(id)).toBe(ann.id)
    expect(row?.id_hash.toString('base64url')).not.toBe(id)
    expect(await who(row?.id_hash.toString('base64url') ?? '')).toBeUndefined()
  })

  it('takes the place of the one before', async () => {
    const first = await startSession(world.auth, ann, { address: '::1' })
    const second = await startSession(world.auth, ann, { before: first, address: '::1' })

    expect(second).not.toBe(first)
    expect(await who(first)).toBeUndefined()
    expect(await who(second)).toBe(ann.id)
  })

  it('ends when it is told to', async () => {
    const id = await startSession(world.auth, ann, { address: '::1' })

    await endSession(world.auth, id, '::1')

    expect(await who(id)).toBeUndefined()
    expect(await rows()).toEqual([])
  })

  it('ends after an hour without use, and goes on with it', async () => {
    const id = await startSession(world.auth, ann, { address: '::1' })
    for (let round = 0; round < 4; round += 1) {
      world.pass(45 * MINUTE)
      expect(await who(id)).toBe(ann.id)
    }

    world.pass(61 * MINUTE)

    expect(await who(id)).toBeUndefined()
  })

  it('ends after a day however much it is used', async () => {
    const id = await startSession(world.auth, ann, { address: '::1' })
    for (let round = 0; round < 47; round += 1) {
      world.pass(30 * MINUTE + 1)
      await who(id)
    }
    expect(await who(id)).toBe(ann.id)

    world.pass(30 * MINUTE)

    expect(await who(id)).toBeUndefined()
  })

  it.each<[string, (user: User) => Promise<unknown>]>([
    ['his password is changed', (user) => changePassword(users(), user.id, 'Contract12345', admin)],
    ['he is deleted', (user) => deleteUser(users(), user.id, admin)],
    ['he is disabled', () => database.db.updateTable('users').set({ disabled: true }).execute()],
  ])('ends at once when %s', async (_what, change) => {
    const id = await startSession(world.auth, ann, { address: '::1' })

    await change(ann)

    expect(await who(id)).toBeUndefined()
  })

  it('sees the administrator flag at once', async () => {
    const id = await startSession(world.auth, ann, { address: '::1' })
    // The last one stays one.
    await setSysadmin(users(), (await makeUser(database.db, 'root')).id, true, admin)

    await setSysadmin(users(), ann.id, true, admin)
    expect(await findSessionPrincipal(world.auth, id)).toMatchObject({ sysadmin: true })

    await setSysadmin(users(), ann.id, false, admin)
    expect(await who(id)).toBeUndefined()
  })
})

describe('an id that nobody has logged in with', () => {
  it.each(['', 'abc', newRandomSecret(), `${newRandomSecret()}A`, "' OR 1=1 --"])(
    'like %j is nobody',
    async (id) => {
      expect(await who(id)).toBeUndefined()
    },
  )
})

describe('purging', () => {
  it('removes what has expired and leaves the rest', async () => {
    await startSession(world.auth, ann, { address: '::1' })
    world.pass(61 * MINUTE)
    const live = await startSession(world.auth, ann, { address: '::1' })

    expect(await purgeSessions(world.auth)).toBe(1)

    expect(await rows()).toHaveLength(1)
    expect(await who(live)).toBe(ann.id)
  })
})
