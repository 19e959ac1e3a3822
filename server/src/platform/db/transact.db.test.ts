import { sql } from 'kysely'
import { afterAll, beforeEach, expect, test } from 'vitest'
import type { Database } from './database.ts'
import { createTestDatabase } from './testing.ts'
import { type Circle, transact, watchCircles } from './transact.ts'

const { db, drop } = await createTestDatabase()
let circles: Circle[] = []
const watched = watchCircles(db, (circle) => circles.push(circle))

beforeEach(async () => {
  circles = []
  await db.deleteFrom('settings').execute()
  for (const name of ['one', 'two']) await db.insertInto('settings').values({ name, value: '[]' }).execute()
})
afterAll(drop)

/** Locks the rows in the order of the names, the second one when `meanwhile` is over. */
function write(names: [string, string], word: string, meanwhile: () => Promise<void>) {
  return async (tx: Database) => {
    await append(tx, names[0], word)
    await meanwhile()
    await append(tx, names[1], word)
  }
}

async function append(tx: Database, name: string, word: string): Promise<void> {
  await sql`UPDATE settings SET value = value || to_jsonb(${word}::text) WHERE name = ${name}`.execute(tx)
}

/** Answers to nobody before it was called `count` times; from then on at once. */
function rendezvous(count: number): () => Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let missing = count
  return () => {
    missing -= 1
    if (missing <= 0) resolve()
    return promise
  }
}

test('who was ended because of a circle is run again, and whoever watches is told without a word of what it did', async () => {
  const meet = rendezvous(2)

  await Promise.all([
    transact(watched, write(['one', 'two'], 'x-secret', meet)),
    transact(watched, write(['two', 'one'], 'y-secret', meet)),
  ])

  const rows = await db.selectFrom('settings').select('value').execute()
  for (const { value } of rows) expect(value).toEqual(expect.arrayContaining(['x-secret', 'y-secret']))
  expect(circles).toEqual([
    { attempt: 1, again: true, table: 'settings', waits: expect.stringMatching(/^Process \d+ waits for /) },
  ])
  expect(JSON.stringify(circles)).not.toMatch(/secret|UPDATE/)
})

test('who always meets one is told so in the end', async () => {
  const failure = Object.assign(new Error('deadlock detected'), { code: '40P01' })
  let runs = 0

  const work = transact(watched, async () => {
    runs += 1
    throw failure
  })

  await expect(work).rejects.toBe(failure)
  expect(runs).toBe(5)
  expect(circles.map(({ attempt, again }) => [attempt, again])).toEqual([
    [1, true],
    [2, true],
    [3, true],
    [4, true],
    [5, false],
  ])
})

test('other errors are not tried again, and nobody is told', async () => {
  let runs = 0

  const work = transact(watched, async (tx) => {
    runs += 1
    await sql`SELECT 1 / 0`.execute(tx)
  })

  await expect(work).rejects.toThrow('division by zero')
  expect(runs).toBe(1)
  expect(circles).toEqual([])
})
