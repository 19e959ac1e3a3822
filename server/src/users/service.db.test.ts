import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../platform/db/testing.ts'
import { listFilters, listOrders } from './listing.ts'
import type { NewUser } from './model.ts'
import { createPasswords } from './passwords.ts'
import {
  changePassword,
  createUser,
  deleteUser,
  findUsers,
  getUser,
  setSysadmin,
  type UsersDeps,
  updateProfile,
} from './service.ts'
import { findLogin } from './store.ts'

const admin = { id: 1, username: 'admin' }
const person = (name: string): NewUser => ({
  username: name,
  email: `${name}@example.com`,
  realname: `The ${name}`,
  comment: '',
  password: 'Contract1234',
})

let database: TestDatabase
let deps: UsersDeps
let changed: number[]

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())
beforeEach(async () => {
  await database.db.deleteFrom('users').execute()
  await database.db.deleteFrom('events').execute()
  changed = []
  deps = { db: database.db, passwords: createPasswords(), onUserChanged: (id) => changed.push(id) }
})

const eventTypes = async () =>
  (await database.db.selectFrom('events').select('type').orderBy('id').execute()).map((event) => event.type)

describe('creating a user', () => {
  it('stores an argon2id hash and tells it as an event', async () => {
    const user = await createUser(deps, person('ann'), admin)

    const stored = await findLogin(deps.db, 'ann')
    expect(stored?.user).toEqual(user)
    expect(stored?.passwordHash).toMatch(/^\$argon2id\$/)
    expect(user).toMatchObject({ sysadmin: false, disabled: false, generation: 1 })
    expect(await eventTypes()).toEqual(['user.created'])
  })

  it.each([
    ['name', { username: 'ann' }],
    ['e-mail address', { email: 'ann@example.com' }],
  ])('with a %s that is taken is a conflict and leaves nothing behind', async (_what, same) => {
    await createUser(deps, person('ann'), admin)

    const second = createUser(deps, { ...person('other'), ...same }, admin)

    await expect(second).rejects.toMatchObject({ kind: 'conflict' })
    expect(await eventTypes()).toEqual(['user.created'])
  })

  it('at the same time under one name yields one user and one conflict', async () => {
    const outcomes = await Promise.allSettled([1, 2].map(() => createUser(deps, person('ann'), admin)))

    expect(outcomes.map((outcome) => outcome.status).sort()).toEqual(['fulfilled', 'rejected'])
  })
})

describe('deleting a user', () => {
  it('hides him, frees name and address, and voids what he was given', async () => {
    const ann = await createUser(deps, person('ann'), admin)

    await deleteUser(deps, ann.id, admin)

    await expect(getUser(deps, ann.id)).rejects.toMatchObject({ kind: 'not-found' })
    expect(await findLogin(deps.db, 'ann')).toBeUndefined()
    const again = await createUser(deps, person('ann'), admin)
    expect(again.id).not.toBe(ann.id)
    const row = await deps.db
      .selectFrom('users')
      .selectAll()
      .where('id', '=', ann.id)
      .executeTakeFirstOrThrow()
    expect(row.generation).toBe(ann.generation + 1)
    expect(changed).toEqual([ann.id])
    expect(await eventTypes()).toEqual(['user.created', 'user.deleted', 'user.created'])
  })

  it('is refused for the first administrator, for oneself and for nobody', async () => {
    const ann = await createUser(deps, person('ann'), admin)

    await expect(deleteUser(deps, 1, ann)).rejects.toMatchObject({ kind: 'forbidden' })
    await expect(deleteUser(deps, ann.id, ann)).rejects.toMatchObject({ kind: 'forbidden' })
    await expect(deleteUser(deps, 99_999_999, admin)).rejects.toMatchObject({ kind: 'not-found' })
  })
})

describe('a password change', () => {
  it('voids what the user was given before and lets the new password in', async () => {
    const ann = await createUser(deps, person('ann'), admin)

    await changePassword(deps, ann.id, 'Contract12345', ann)

    const stored = await findLogin(deps.db, 'ann')
    expect(stored?.user.generation).toBe(ann.generation + 1)
    expect(await deps.passwords.verify(stored?.passwordHash, 'Contract12345')).toMatchObject({ ok: true })
    expect(await deps.passwords.verify(stored?.passwordHash, 'Contract1234')).toMatchObject({ ok: false })
    expect(changed).toEqual([ann.id])
  })

  it.each([
    ['the same', 'Contract1234', 'identical'],
    ['too weak', 'abc', 'must be 8-128'],
  ])('to one that is %s is refused', async (_what, password, message) => {
    const ann = await createUser(deps, person('ann'), admin)

    await expect(changePassword(deps, ann.id, password, ann)).rejects.toThrow(message)
    expect((await getUser(deps, ann.id)).generation).toBe(ann.generation)
  })

  it('of nobody is not found', async () => {
    await expect(changePassword(deps, 99_999_999, 'Contract12345', admin)).rejects.toMatchObject({
      kind: 'not-found',
    })
  })
})

describe('the administrator flag', () => {
  it('voids what the user was given when it is taken away, and only then', async () => {
    const ann = await createUser(deps, person('ann'), admin)
    await setSysadmin(deps, (await createUser(deps, person('bob'), admin)).id, true, admin)

    await setSysadmin(deps, ann.id, false, admin)
    const before = await getUser(deps, ann.id)
    await setSysadmin(deps, ann.id, true, admin)
    const raised = await getUser(deps, ann.id)
    await setSysadmin(deps, ann.id, false, admin)
    const lowered = await getUser(deps, ann.id)

    expect([before, raised, lowered].map((user) => [user.sysadmin, user.generation])).toEqual([
      [false, 1],
      [true, 1],
      [false, 2],
    ])
  })

  it('stays with the last one who may log in, also where two take it from each other', async () => {
    const [ann, bob, eve] = await Promise.all(
      ['ann', 'bob', 'eve'].map((name) => createUser(deps, person(name), admin)),
    )
    if (!ann || !bob || !eve) throw new Error('somebody is missing')
    for (const { id } of [ann, bob, eve]) await setSysadmin(deps, id, true, admin)
    await database.db.updateTable('users').set({ disabled: true }).where('id', '=', eve.id).execute()

    const outcomes = await Promise.allSettled([
      setSysadmin(deps, ann.id, false, bob),
      setSysadmin(deps, bob.id, false, ann),
    ])

    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { kind: 'forbidden' },
    })
    const flags = [await getUser(deps, ann.id), await getUser(deps, bob.id)].map(({ sysadmin }) => sysadmin)
    expect(flags.filter(Boolean)).toHaveLength(1)
  })

  it('does not go either where two delete each other', async () => {
    const [ann, bob] = await Promise.all(['ann', 'bob'].map((name) => createUser(deps, person(name), admin)))
    if (!ann || !bob) throw new Error('somebody is missing')
    for (const { id } of [ann, bob]) await setSysadmin(deps, id, true, admin)

    const outcomes = await Promise.allSettled([deleteUser(deps, ann.id, bob), deleteUser(deps, bob.id, ann)])

    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { kind: 'forbidden' },
    })
  })
})

describe('a profile', () => {
  it('changes, and the time of the change with it', async () => {
    const ann = await createUser(deps, person('ann'), admin)

    await updateProfile(deps, ann.id, { email: 'ann2@example.com', realname: 'Ann Two', comment: 'new' }, ann)

    const after = await getUser(deps, ann.id)
    expect(after).toMatchObject({ email: 'ann2@example.com', realname: 'Ann Two', comment: 'new' })
    expect(after.updateTime.getTime()).toBeGreaterThan(ann.updateTime.getTime())
  })

  it('cannot take the address of another', async () => {
    const ann = await createUser(deps, person('ann'), admin)
    await createUser(deps, person('bob'), admin)

    const change = updateProfile(
      deps,
      ann.id,
      { email: 'bob@example.com', realname: 'Ann', comment: '' },
      ann,
    )

    await expect(change).rejects.toMatchObject({ kind: 'conflict' })
    expect((await getUser(deps, ann.id)).email).toBe('ann@example.com')
  })
})

describe('a list of users', () => {
  beforeEach(async () => {
    for (const name of ['ann', 'Anton', 'bob', 'zoe']) await createUser(deps, person(name), admin)
  })

  const names = async (query: { q?: string; sort?: string; username?: string }, offset = 0, limit = 10) => {
    const page = { offset, limit }
    const { users, total } = await findUsers(deps, listFilters(query), listOrders(query), page)
    return [total, ...users.map((user) => user.username)]
  }

  it('is in the order of names unless told, pages, and counts all', async () => {
    expect(await names({})).toEqual([4, 'Anton', 'ann', 'bob', 'zoe'])
    expect(await names({ sort: '-username' }, 1, 2)).toEqual([4, 'bob', 'ann'])
    expect(await names({}, 10)).toEqual([4])
  })

  it.each([
    [{ q: 'username=~AN' }, [2, 'Anton', 'ann']],
    [{ q: 'username={bob zoe}' }, [2, 'bob', 'zoe']],
    [{ q: 'email=zoe@example.com' }, [1, 'zoe']],
    [{ q: 'sysadmin_flag=true' }, [0]],
    [{ username: 'o' }, [3, 'Anton', 'bob', 'zoe']],
    [{ username: '%' }, [0]],
  ])('with %j is %j', async (query, expected) => {
    expect(await names(query)).toEqual(expected)
  })
})

describe('a login name', () => {
  it('is not to be had where it is the e-mail address of somebody else, whom it would keep out', async () => {
    await createUser(deps, person('ann'), admin)

    const taking = createUser(deps, { ...person('eve'), username: 'ann@example.com' }, admin)

    await expect(taking).rejects.toMatchObject({ kind: 'conflict' })
    expect((await findLogin(deps.db, 'ann@example.com'))?.user.username).toBe('ann')
    expect(await findLogin(deps.db, 'eve@example.com')).toBeUndefined()
    const own = { ...person('bob'), username: 'bob@example.com' }
    expect(await createUser(deps, own, admin)).toMatchObject({ username: 'bob@example.com' })
  })

  it('is a user name before it is an e-mail address', async () => {
    await createUser(deps, { ...person('bob'), username: 'shared@example.com' }, admin)
    await createUser(deps, { ...person('ann'), email: 'shared@example.com' }, admin)

    const found = await findLogin(deps.db, 'shared@example.com')

    expect(found?.user.realname).toBe('The bob')
  })
})
