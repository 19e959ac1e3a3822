import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { openDatabase } from './database.ts'
import { createTestDatabase } from './testing.ts'

test('a connection that breaks in the middle of a transaction fails the transaction and nothing else', async () => {
  const { db, url, drop } = await createTestDatabase()
  const other = openDatabase({ connection: { connectionString: url }, maxConnections: 1 }, () => undefined)
  const broken = other.transaction().execute(async (tx) => {
    const { rows } = await sql<{ pid: number }>`SELECT pg_backend_pid() AS pid`.execute(tx)
    await sql`SELECT pg_terminate_backend(${rows[0]?.pid ?? 0})`.execute(db)
    // Between two statements: nobody waits for this connection.
    await new Promise((resolve) => setTimeout(resolve, 200))
    await sql`SELECT 1`.execute(tx)
  })

  await expect(broken).rejects.toThrow()
  const { rows } = await sql<{ one: number }>`SELECT 1 AS one`.execute(other)
  await other.destroy()
  await drop()

  expect(rows).toEqual([{ one: 1 }])
})
