import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../platform/db/testing.ts'
import { ensureAdministrator, generatePassword, resetPassword } from './administrator.ts'
import { createPasswords } from './passwords.ts'
import { findLogin, findUser } from './store.ts'
import { makeUser } from './testing.ts'

const passwords = createPasswords()
let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())
beforeEach(async () => {
  await database.db.deleteFrom('users').execute()
})

const deps = () => ({ db: database.db, passwords })
const worksFor = async (username: string, password: string) =>
  (await passwords.verify((await findLogin(database.db, username))?.passwordHash, password)).ok

describe('the first administrator', () => {
  it('has the id 1 and a generated password, told once', async () => {
    const first = await ensureAdministrator(deps())
    const second = await ensureAdministrator(deps())

    const admin = await findUser(database.db, 1)
    expect(admin).toMatchObject({ id: 1, username: 'admin', sysadmin: true, email: null })
    expect(first).toEqual({ created: true, generatedPassword: expect.stringMatching(/^\w{24}$/) })
    expect(await worksFor('admin', first.created ? (first.generatedPassword ?? '') : '')).toBe(true)
    expect(second).toEqual({ created: false })
  })

  it('takes the password that is given, and is asked for none later', async () => {
    const outcome = await ensureAdministrator(deps(), { password: 'Harbor12345' })
    await ensureAdministrator(deps(), { password: 'Another12345' })

    expect(outcome).toEqual({ created: true })
    expect(await worksFor('admin', 'Harbor12345')).toBe(true)
  })

  it('is not created with a weak password', async () => {
    await expect(ensureAdministrator(deps(), { password: 'weak' })).rejects.toThrow('must be 8-128')
    expect(await findUser(database.db, 1)).toBeUndefined()
  })

  it('is one when two processes start at once, and the next user gets the next id', async () => {
    const outcomes = await Promise.all([ensureAdministrator(deps()), ensureAdministrator(deps())])
    const ann = await makeUser(database.db, 'ann')

    expect(outcomes.filter((outcome) => outcome.created)).toHaveLength(1)
    expect(ann.id).toBeGreaterThan(1)
  })
})

describe('resetting a password', () => {
  it('generates one, enables the user and voids what he was given', async () => {
    await ensureAdministrator(deps(), { password: 'Harbor12345' })
    await database.db.updateTable('users').set({ disabled: true }).execute()

    const { username, password } = await resetPassword(deps())

    expect(username).toBe('admin')
    expect(await worksFor('admin', password)).toBe(true)
    expect(await worksFor('admin', 'Harbor12345')).toBe(false)
    expect(await findUser(database.db, 1)).toMatchObject({ disabled: false, generation: 2 })
  })

  it('takes a name and a password', async () => {
    await makeUser(database.db, 'ann')

    await resetPassword(deps(), { username: 'ann', password: 'Another12345' })

    expect(await worksFor('ann', 'Another12345')).toBe(true)
    const told = await database.db
      .selectFrom('events')
      .select('payload')
      .where('type', '=', 'user.password_changed')
      .orderBy('id')
      .execute()
    expect(told.at(-1)).toMatchObject({ payload: { username: 'ann' } })
  })

  it('of nobody is not found', async () => {
    await expect(resetPassword(deps(), { username: 'nobody' })).rejects.toMatchObject({ kind: 'not-found' })
  })
})

describe('a generated password', () => {
  it('always satisfies the rule for passwords', () => {
    for (let round = 0; round < 1000; round += 1) {
      expect(generatePassword()).toMatch(/^(?=.*[A-Z])(?=.*[a-z])(?=.*[0-9])[A-Za-z0-9]{24}$/)
    }
  })
})
