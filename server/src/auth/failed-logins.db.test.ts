import { afterAll, beforeEach, expect, test } from 'vitest'
import { createTestDatabase } from '../platform/db/testing.ts'
import { createFailedLogins } from './failed-logins.ts'

const { db, drop } = await createTestDatabase()
let clock = 1_000_000

beforeEach(async () => {
  await db.deleteFrom('events').execute()
})
afterAll(drop)

async function told(): Promise<unknown[]> {
  const rows = await db.selectFrom('events').select('payload').orderBy('id').execute()
  return rows.map((row) => row.payload)
}

test('the first failure is told of at once, the further ones of a minute together', async () => {
  const failed = createFailedLogins(db, () => clock)

  failed.note('bob', '192.0.2.1')
  await failed.flush()
  const first = await told()
  for (let index = 0; index < 50; index += 1) failed.note('bob', '192.0.2.1')
  await failed.flush()
  const within = await told()
  clock += 61_000
  await failed.flush()

  const actor = { username: 'bob', address: '192.0.2.1' }
  expect(first).toEqual([{ username: 'bob', attempts: 1, actor }])
  expect(within).toHaveLength(1)
  expect((await told()).slice(1)).toEqual([{ username: 'bob', attempts: 50, actor }])
})

test('an attack with many names does not fill the outbox, and none of it is forgotten', async () => {
  const failed = createFailedLogins(db, () => clock)

  for (let index = 0; index < 5000; index += 1) failed.note(`name-${index}`, '192.0.2.1')
  await failed.flush()
  await failed.close()

  const events = (await told()) as { attempts: number }[]
  expect(events).toHaveLength(101)
  expect(events.reduce((sum, { attempts }) => sum + attempts, 0)).toBe(5000)
})

test('a name that the database would refuse hides none of the others', async () => {
  const failed = createFailedLogins(db, () => clock)

  failed.note('bob', '192.0.2.1')
  failed.note('no\u0000body', '192.0.2.1')
  failed.note(`${'x'.repeat(254)}\u{1f600}`, '192.0.2.1')
  await failed.flush()

  const names = ((await told()) as { username: string }[]).map(({ username }) => username)
  expect(names).toEqual(['bob', 'no\ufffdbody', `${'x'.repeat(254)}\ufffd`])
})

let isAway = false
const unreliable = {
  transaction: () => (isAway ? { execute: () => Promise.reject(new Error('away')) } : db.transaction()),
} as unknown as typeof db

test('what could not be written is told the next time', async () => {
  isAway = true
  const failed = createFailedLogins(unreliable, () => clock)

  failed.note('bob', '192.0.2.1')
  await expect(failed.flush()).rejects.toThrow('away')
  isAway = false
  failed.note('bob', '192.0.2.1')
  await failed.flush()
  await failed.close()

  expect(await told()).toMatchObject([
    { username: 'bob', attempts: 1 },
    { username: 'bob', attempts: 1 },
  ])
})

test('what a window has counted is told later where the database is away as it ends', async () => {
  isAway = false
  const failed = createFailedLogins(unreliable, () => clock)
  const actor = { username: 'bob', address: '192.0.2.1' }

  failed.note('bob', '192.0.2.1')
  await failed.flush()
  for (let index = 0; index < 50; index += 1) failed.note('bob', '192.0.2.1')
  for (let index = 0; index < 500; index += 1) failed.note(`name-${index}`, '192.0.2.1')
  await failed.flush()
  const before = (await told()).length
  isAway = true
  for (let round = 0; round < 3; round += 1) {
    clock += 61_000
    await expect(failed.flush()).rejects.toThrow('away')
    failed.note('bob', '192.0.2.1')
    failed.note(`later-${round}`, '192.0.2.1')
  }
  isAway = false
  clock += 61_000
  await failed.flush()
  await failed.close()

  const events = (await told()) as { username: string; attempts: number }[]
  const bob = events.filter(({ username }) => username === 'bob')
  expect(before).toBe(100)
  expect(bob[0]).toEqual({ username: 'bob', attempts: 1, actor })
  expect(bob.reduce((sum, { attempts }) => sum + attempts, 0)).toBe(54)
  expect(events.reduce((sum, { attempts }) => sum + attempts, 0)).toBe(557)
  expect(events.length).toBeLessThanOrEqual(before + 101 + 4)
})
