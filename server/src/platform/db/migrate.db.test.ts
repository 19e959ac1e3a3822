import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { type Logger, pino } from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ignore } from '../../lib/ignore.ts'
import { openDatabase } from './database.ts'
import { checkSchema, migrate } from './migrate.ts'
import { createTestDatabase, type TestDatabase } from './testing.ts'

let database: TestDatabase
let directory: string
let lines: string[]
let log: Logger

beforeEach(async () => {
  database = await createTestDatabase({ empty: true })
  directory = await mkdtemp(join(tmpdir(), 'portolan-migrations-'))
  lines = []
  log = pino({ level: 'info' }, { write: (line: string) => lines.push(line) })
})

afterEach(async () => {
  await database.drop()
  await rm(directory, { recursive: true })
})

async function write(files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text)
}

async function tables(): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`.execute(database.db)

  return rows.map((row) => row.name)
}

test('an empty database gets the schema, a second run changes nothing', async () => {
  const first = await migrate(database.db, { log })
  const second = await migrate(database.db, { log })

  expect(first.applied).toBe(first.version)
  expect(second).toEqual({ version: first.version, applied: 0 })
  expect(await tables()).toContain('blob_objects')
})

test('two processes that migrate at once apply each migration once', async () => {
  await write({
    '0001_one.sql': 'CREATE TABLE one (id int); SELECT pg_sleep(0.3);',
    '0002_two.sql': 'CREATE TABLE two (id int);',
  })
  const other = openDatabase({ connection: { connectionString: database.url }, maxConnections: 2 }, ignore)

  const results = await Promise.all([database.db, other].map((db) => migrate(db, { log, directory })))

  await other.destroy()
  expect(results.map((result) => result.applied).sort()).toEqual([0, 2])
  expect(results.map((result) => result.version)).toEqual([2, 2])
})

test('after a migration that failed, the next run goes on from it', async () => {
  await write({
    '0001_one.sql': 'CREATE TABLE one (id int);',
    '0002_two.sql': 'CREATE TABLE two (id int); SELECT nonsense;',
  })

  await expect(migrate(database.db, { log, directory })).rejects.toThrow(
    'migration 2 (two) failed: column "nonsense" does not exist',
  )
  const between = await tables()
  await write({ '0002_two.sql': 'CREATE TABLE two (id int);' })
  const result = await migrate(database.db, { log, directory })

  expect(between).toEqual(['one', 'schema_migrations'])
  expect(result).toEqual({ version: 2, applied: 1 })
  expect(await tables()).toEqual(['one', 'schema_migrations', 'two'])
})

test('a migration without a transaction is taken statement by statement', async () => {
  await write({
    '0001_one.sql': 'CREATE TABLE one (id int);',
    '0002_index.sql':
      '-- portolan: no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS one_id ON one (id);\nANALYZE one;\n',
  })
  const other = openDatabase({ connection: { connectionString: database.url }, maxConnections: 2 }, ignore)

  const results = await Promise.all([database.db, other].map((db) => migrate(db, { log, directory })))

  await other.destroy()
  expect(results.map((result) => result.version)).toEqual([2, 2])
})

test('a newer schema that says it is compatible is accepted with a warning', async () => {
  await write({
    '0001_one.sql': 'CREATE TABLE one (id int);',
    '0002_two.sql': '-- portolan: compatible-from 1\nCREATE TABLE two (id int);',
  })
  await migrate(database.db, { log, directory })
  await rm(join(directory, '0002_two.sql'))
  lines = []

  const result = await migrate(database.db, { log, directory })

  expect(result).toEqual({ version: 2, applied: 0 })
  expect(lines.join()).toContain('belongs to a newer Portolan, whose schema this one is compatible with')
})

test('a newer schema that does not say so is refused', async () => {
  await write({
    '0001_one.sql': 'CREATE TABLE one (id int);',
    '0002_two.sql': 'ALTER TABLE one DROP COLUMN id;',
  })
  await migrate(database.db, { log, directory })
  await rm(join(directory, '0002_two.sql'))

  await expect(migrate(database.db, { log, directory })).rejects.toThrow(
    'the database has schema 2, this Portolan knows 1, and 2 is the oldest that still works with it',
  )
})

test('a database that went through other migrations is refused', async () => {
  await write({ '0001_one.sql': 'CREATE TABLE one (id int);' })
  await migrate(database.db, { log, directory })
  await write({ '0001_one.sql': 'CREATE TABLE one (id bigint);' })

  await expect(migrate(database.db, { log, directory })).rejects.toThrow('belongs to a different build')
})

test('a role that may not create tables is told so before anything happens', async () => {
  const role = `reader_${Date.now()}`
  await sql.raw(`CREATE ROLE ${role} LOGIN`).execute(database.db)
  const url = database.url.replace(/\/\/[^@]*@/, `//${role}@`)
  const reader = openDatabase({ connection: { connectionString: url }, maxConnections: 2 }, ignore)

  const attempt = migrate(reader, { log })

  await expect(attempt).rejects.toThrow(`role ${role} may not create tables in schema public`)
  await reader.destroy()
  await sql.raw(`DROP ROLE ${role}`).execute(database.db)
})

test('a database in another encoding is refused', async () => {
  const name = `latin_${Date.now()}`
  await sql
    .raw(`CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LOCALE 'C'`)
    .execute(database.db)
  const url = database.url.replace(/\/test_[0-9a-f]+/, `/${name}`)
  const latin = openDatabase({ connection: { connectionString: url }, maxConnections: 2 }, ignore)

  const attempt = migrate(latin, { log })

  await expect(attempt).rejects.toThrow('its encoding is SQL_ASCII, it must be UTF8')
  await latin.destroy()
  await sql.raw(`DROP DATABASE ${name}`).execute(database.db)
})

test('who only reads is refused by a schema that is too old, and changes nothing', async () => {
  await write({ '0001_one.sql': 'CREATE TABLE one (id int);' })
  const missing = checkSchema(database.db, { log, directory })
  await expect(missing).rejects.toThrow('has schema 0, this Portolan knows 1')
  expect(await tables()).toEqual([])
  await migrate(database.db, { log, directory })

  await checkSchema(database.db, { log, directory })
})
