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
// What a circle of locks consists of; the statements are those of tests.
const OUTSPOKEN = {
  log_error_verbosity: 'default',
  log_min_messages: 'error',
  log_min_error_statement: 'error',
}

/**
 * One PostgreSQL for the whole run, with a migrated database to clone; gone with its files afterwards. What it has to
 * say of refused statements and deadlocks is kept in the file that `PORTOLAN_TEST_DATABASE_LOG` names.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), 'portolan-test-'))
  const logFile = process.env.PORTOLAN_TEST_DATABASE_LOG
  const log = logFile ? pino({ level: 'debug' }, pino.destination(logFile)) : pino({ level: 'silent' })
  const server = await startEmbedded({
    directory: join(directory, 'pg'),
    maxConnections: 300,
    log,
    settings: logFile ? { ...FAST, ...OUTSPOKEN } : FAST,
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
