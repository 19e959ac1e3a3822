import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { schemaText } from './schema-text.ts'
import { createTestDatabase, type TestDatabase } from './testing.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase()
})

afterAll(async () => {
  await database.drop()
})

test('server/schema.sql is what the migrations make (node server/src/platform/db/dump-schema.ts prints it)', async () => {
  const committed = await readFile(new URL('../../../schema.sql', import.meta.url), 'utf8')

  const current = await schemaText(database.db)

  expect(committed).toBe(current)
})
