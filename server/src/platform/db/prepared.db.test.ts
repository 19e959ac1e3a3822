import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ignore } from '../../lib/ignore.ts'
import { type Database, openDatabases } from './database.ts'
import { createTestDatabase, type TestDatabase } from './testing.ts'

let database: TestDatabase
let db: Database
let prepared: Database
let close: () => Promise<void>

beforeAll(async () => {
  database = await createTestDatabase()
  const connection = { connectionString: database.url }
  ;({ db, prepared, close } = openDatabases(
    { connection, maxConnections: 1, preparedStatements: true },
    ignore,
  ))
  await sql`CREATE TABLE things (id int)`.execute(db)
})
afterAll(async () => {
  await close()
  await database.drop()
})

async function kept(): Promise<string[]> {
  const { rows } = await sql<{ statement: string }>`SELECT statement FROM pg_prepared_statements`.execute(
    prepared,
  )
  return rows.map(({ statement }) => statement.trim())
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
