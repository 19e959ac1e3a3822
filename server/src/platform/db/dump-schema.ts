import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { ignore } from '../../lib/ignore.ts'
import { openDatabase } from './database.ts'
import { startEmbedded } from './embedded/server.ts'
import { migrate } from './migrate.ts'
import { schemaText } from './schema-text.ts'

/** Prints `server/schema.sql`: the schema that all migrations together make. */
const directory = await mkdtemp(join(tmpdir(), 'portolan-schema-'))
// Standard output is the schema's.
const log = pino({ level: 'warn' }, pino.destination(2))
try {
  const server = await startEmbedded({ directory: join(directory, 'pg'), maxConnections: 5, log })
  const db = openDatabase({ connection: server.connection, maxConnections: 2 }, ignore)
  await migrate(db, { log })
  process.stdout.write(await schemaText(db))
  await db.destroy()
  await server.stop()
} finally {
  await rm(directory, { recursive: true, force: true })
}
