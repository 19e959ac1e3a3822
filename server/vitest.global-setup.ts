import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { pino } from 'pino'
import type { TestProject } from 'vitest/node'
import { ignore } from './src/lib/ignore.ts'
import { openDatabase } from './src/platform/db/database.ts'
import { startEmbedded } from './src/platform/db/embedded/server.ts'
import { migrate } from './src/platform/db/migrate.ts'

const TEMPLATE = 'portolan_template'
// Nothing here outlives the run, so nothing has to reach the disk.
const FAST = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }

/** One PostgreSQL for the whole run, with a migrated database to clone; gone with its files afterwards. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), 'portolan-test-'))
  const log = pino({ level: 'silent' })
  const server = await startEmbedded({
    directory: join(directory, 'pg'),
    maxConnections: 300,
    log,
    settings: FAST,
  })
  await createTemplate(server.connection)
  const { host = '', port = 0, user = '' } = server.connection
  project.provide('testServer', { host, port, user, template: TEMPLATE })

  return async () => {
    await server.stop()
    await rm(directory, { recursive: true, force: true })
  }
}

async function createTemplate(connection: pg.PoolConfig): Promise<void> {
  const client = new pg.Client(connection)
  await client.connect()
  await client.query(`CREATE DATABASE ${TEMPLATE}`)
  await client.end()
  const db = openDatabase({ connection: { ...connection, database: TEMPLATE }, maxConnections: 2 }, ignore)
  await migrate(db, { log: pino({ level: 'silent' }) })
  await db.destroy()
}
