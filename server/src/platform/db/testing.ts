import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'
import { ignore } from '../../lib/ignore.ts'
import { type Database, openDatabase } from './database.ts'

/** Where the PostgreSQL of this test run is; provided by `server/vitest.global-setup.ts`. */
export interface TestServer {
  /** Directory of its socket. */
  host: string
  port: number
  user: string
  /** A migrated database that nobody is connected to. */
  template: string
}

declare module 'vitest' {
  interface ProvidedContext {
    testServer: TestServer
  }
}

export interface TestDatabase {
  db: Database
  /** For a second pool or a raw connection to the same database. */
  url: string
  /** Closes the pool and removes the database. */
  drop(): Promise<void>
}

/** A database of its own with the current schema, or an empty one. Drop it after the test file. */
export async function createTestDatabase(options: { empty?: boolean } = {}): Promise<TestDatabase> {
  const { host, port, user, template } = inject('testServer')
  const name = `test_${randomBytes(6).toString('hex')}`
  const from = options.empty === true ? 'template0' : template
  await administrate(`CREATE DATABASE ${name} TEMPLATE ${from}`)
  const url = `postgres://${user}@/${name}?host=${encodeURIComponent(host)}&port=${port}`
  const db = openDatabase({ connection: { connectionString: url }, maxConnections: 10 }, ignore)

  return {
    db,
    url,
    async drop() {
      await db.destroy()
      await administrate(`DROP DATABASE ${name} WITH (FORCE)`)
    },
  }
}

async function administrate(statement: string): Promise<void> {
  const { host, port, user } = inject('testServer')
  const client = new pg.Client({ host, port, user, database: 'postgres' })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
