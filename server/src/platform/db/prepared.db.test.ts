import { sql } from 'kysely'
import type pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ignore } from '../../lib/ignore.ts'
import { type Database, openDatabases } from './database.ts'
import { LAST } from './prepared.ts'
import { createTestDatabase, type TestDatabase } from './testing.ts'

let database: TestDatabase
let db: Database
let prepared: Database
let close: () => Promise<void>
/** Told of the text of each message to the server. */
let heard: (text: string) => void = ignore

beforeAll(async () => {
  database = await createTestDatabase()
  const connection = { connectionString: database.url }
  ;({ db, prepared, close } = openDatabases(
    { connection, maxConnections: 1, preparedStatements: true, onConnection },
    ignore,
  ))
  await sql`CREATE TABLE things (id int)`.execute(db)
})
afterAll(async () => {
  await close()
  await database.drop()
})

function onConnection(client: pg.PoolClient): void {
  const query = client.query.bind(client) as (...input: unknown[]) => unknown
  const told = (statement: string | { text: string }, ...rest: unknown[]) => {
    heard(typeof statement === 'string' ? statement : statement.text)
    return query(statement, ...rest)
  }
  client.query = told as typeof client.query
}

async function kept(): Promise<string[]> {
  const { rows } = await sql<{ statement: string }>`SELECT statement FROM pg_prepared_statements`.execute(
    prepared,
  )
  return rows
    .map(({ statement }) => statement.trim())
    .filter((text) => !/^(begin|commit|rollback)$/.test(text))
}

async function repeat(work: (at: number) => Promise<unknown>): Promise<void> {
  for (let at = 0; at < 5; at += 1) await work(at)
}

test('what is asked again and again is kept prepared, in transactions too, and answers the same', async () => {
  const answers: unknown[] = []
  await repeat(async (at) => {
    const ask = (on: Database) => sql<{ sum: number }>`SELECT ${at}::int + 1 AS sum`.execute(on)
    answers.push((await ask(prepared)).rows[0]?.sum)
    answers.push((await prepared.transaction().execute(ask)).rows[0]?.sum)
  })

  expect(answers).toEqual([1, 1, 2, 2, 3, 3, 4, 4, 5, 5])
  expect(await kept()).toEqual(['SELECT $1::int + 1 AS sum'])
})

test('what is asked once in a while, without values, or by the other way is not kept', async () => {
  await prepared.executeQuery(sql`SELECT ${1}::int + 2`.compile(prepared))
  await repeat(() => sql`SELECT 3`.execute(prepared))
  await repeat((at) => sql`SELECT ${at}::int + 4`.execute(db))

  expect((await kept()).filter((text) => !text.endsWith('AS sum'))).toEqual([])
})

describe('a transaction', () => {
  const add = (tx: Database, id: number) => sql`INSERT INTO numbers VALUES (${id}::int)`.execute(tx)
  const addLast = (tx: Database, id: number) =>
    sql`${LAST} INSERT INTO numbers VALUES (${id}::int)`.execute(tx)
  const all = async () => {
    const { rows } = await sql<{ n: number }>`SELECT n FROM numbers ORDER BY n`.execute(db)
    return rows.map(({ n }) => n)
  }
  let sent: string[]

  beforeAll(async () => {
    await sql`CREATE TABLE numbers (n int PRIMARY KEY)`.execute(db)
    for (let at = 1; at <= 5; at += 1) {
      await prepared.transaction().execute((tx) => add(tx, -at))
      await prepared.transaction().execute((tx) => addLast(tx, -at - 10))
    }
  })
  beforeEach(async () => {
    await sql`DELETE FROM numbers`.execute(db)
    sent = []
    heard = (text) => sent.push(text.trim())
  })

  test('begins with its first statement and ends with its last, in one message each', async () => {
    await prepared.transaction().execute(async (tx) => {
      await add(tx, 1)
      await addLast(tx, 2)
    })

    expect(sent).toEqual([
      'INSERT INTO numbers VALUES ($1::int)',
      '/* last */ INSERT INTO numbers VALUES ($1::int)',
    ])
    expect(await all()).toEqual([1, 2])
  })

  test('of one statement is one message', async () => {
    const { numAffectedRows } = await prepared.transaction().execute((tx) => addLast(tx, 3))

    expect(numAffectedRows).toBe(1n)
    expect(sent).toHaveLength(1)
    expect(await all()).toEqual([3])
  })

  test('of none sends nothing, and what comes behind it is none', async () => {
    await prepared.transaction().execute(async () => undefined)
    expect(sent).toEqual([])

    await add(prepared, 4)
    expect(await all()).toEqual([4])
  })

  test.each([
    ['first', async (tx: Database) => void (await add(tx, 1))],
    [
      'last',
      async (tx: Database) => {
        await add(tx, 2)
        await addLast(tx, 1)
      },
    ],
    ['only', async (tx: Database) => void (await addLast(tx, 1))],
  ])('whose %s statement fails has done nothing, and the connection goes on', async (_, work) => {
    await add(prepared, 1)

    await expect(prepared.transaction().execute(work)).rejects.toMatchObject({ code: '23505' })

    expect(await all()).toEqual([1])
    await prepared.transaction().execute((tx) => addLast(tx, 5))
    expect(await all()).toEqual([1, 5])
  })

  test('that fails behind its begin is rolled back', async () => {
    const failing = prepared.transaction().execute(async (tx) => {
      await add(tx, 6)
      throw new Error('of ours')
    })

    await expect(failing).rejects.toThrow('of ours')
    expect(await all()).toEqual([])
  })

  test('has no statement behind its last one', async () => {
    const late = prepared.transaction().execute(async (tx) => {
      await addLast(tx, 7)
      await add(tx, 8)
    })

    await expect(late).rejects.toThrow('has ended')
    expect(await all()).toEqual([7])
  })

  test('with savepoints, and with a statement that is not prepared, is as ever', async () => {
    await prepared.transaction().execute(async (tx) => {
      await sql`SAVEPOINT here`.execute(tx)
      await add(tx, 9)
      await sql`ROLLBACK TO SAVEPOINT here`.execute(tx)
      await sql`INSERT INTO numbers VALUES (10)`.execute(tx)
      await addLast(tx, 11)
    })

    expect(await all()).toEqual([10, 11])
  })

  test('without prepared statements takes the last one as any other', async () => {
    await db.transaction().execute(async (tx) => {
      await addLast(tx, 12)
      await add(tx, 13)
    })

    expect(await all()).toEqual([12, 13])
  })
})

test('a table that a newer version adds a column to is read as before', async () => {
  await repeat((at) => sql`SELECT * FROM things WHERE id = ${at}`.execute(prepared))
  await repeat((at) => sql`SELECT t FROM (SELECT id FROM things WHERE id = ${at}) t`.execute(prepared))
  await sql`ALTER TABLE things ADD COLUMN name text`.execute(db)

  await repeat((at) => sql`SELECT * FROM things WHERE id = ${at}`.execute(prepared))
  await repeat((at) => sql`SELECT t FROM (SELECT id FROM things WHERE id = ${at}) t`.execute(prepared))
})

test('a column whose type a migration changes costs a connection one call', async () => {
  const ask = (at: number) => sql`SELECT id FROM things WHERE id > ${at}`.execute(prepared)
  await repeat(ask)
  await sql`ALTER TABLE things ALTER COLUMN id TYPE bigint`.execute(db)

  await expect(ask(1)).rejects.toThrow('cached plan must not change result type')
  await repeat(ask)
})

test('the data plane plans once, by indexes even where a table is tiny; the other way plans as the table is', async () => {
  await sql`CREATE TABLE tiny (id int PRIMARY KEY)`.execute(db)
  const plan = async (on: Database) => {
    const { rows } = await sql<{ 'QUERY PLAN': string }>`EXPLAIN SELECT * FROM tiny WHERE id = 1`.execute(on)
    return rows.map((row) => row['QUERY PLAN']).join()
  }
  const { rows } = await sql<{ plan_cache_mode: string }>`SHOW plan_cache_mode`.execute(prepared)

  expect(rows).toEqual([{ plan_cache_mode: 'force_generic_plan' }])
  expect(await plan(prepared)).toContain('Index')
  const open = openDatabases(
    { connection: { connectionString: database.url }, maxConnections: 3, preparedStatements: false },
    ignore,
  )
  expect(open.prepared).toBe(open.db)
  await open.close()
})
