import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { MIGRATIONS_DIRECTORY, readMigrations, statementsOf } from './migrations.ts'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'portolan-migrations-'))
})

afterEach(async () => {
  await rm(directory, { recursive: true })
})

test('the migrations of the program can be read', () => {
  const migrations = readMigrations(MIGRATIONS_DIRECTORY)

  expect(migrations[0]).toMatchObject({ version: 1, name: 'init', transactional: true })
})

test('without a word a migration breaks with all older programs and runs in a transaction', async () => {
  await writeFile(join(directory, '0001_one.sql'), 'SELECT 1;')

  expect(readMigrations(directory)).toMatchObject([{ version: 1, compatibleFrom: 1, transactional: true }])
})

test('its header says from which schema on programs go on working, and that it runs without a transaction', async () => {
  await writeFile(join(directory, '0001_one.sql'), 'SELECT 1;')
  await writeFile(
    join(directory, '0002_two.sql'),
    '-- portolan: compatible-from 1\n-- portolan: no-transaction\nSELECT 1;',
  )

  expect(readMigrations(directory)[1]).toMatchObject({ compatibleFrom: 1, transactional: false })
})

test('a gap in the numbers is an error', async () => {
  await writeFile(join(directory, '0002_two.sql'), 'SELECT 1;')

  expect(() => readMigrations(directory)).toThrow('migration 0002_two.sql should be called 0001_<name>.sql')
})

test('statements end where a line ends with a semicolon', () => {
  const statements = statementsOf("-- first\nSELECT 'a;b'\n  AS x;\n\nSELECT 2;\n-- nothing more\n")

  expect(statements).toEqual(["-- first\nSELECT 'a;b'\n  AS x", 'SELECT 2'])
})
