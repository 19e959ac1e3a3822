import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Config } from '../config/schema.ts'
import { ignore } from '../lib/ignore.ts'
import {
  type ConnectedDatabase,
  connectDatabase,
  embeddedDirectory,
  joinEmbedded,
} from '../platform/db/connect.ts'
import type { Database } from '../platform/db/database.ts'
import { checkSchema, migrate } from '../platform/db/migrate.ts'
import { FatalError } from '../platform/errors.ts'
import { DataDirectoryInUse, openDataDirectory } from './data-directory.ts'

/**
 * Runs `work` on the database of a server that may be stopped or running: the embedded one is started
 * for it, or joined where a server has it open. Its schema is brought up to date, but not for `readOnly` work.
 */
export async function withDatabase<Result>(
  config: Config,
  log: Logger,
  work: (db: Database) => Promise<Result>,
  { readOnly = false } = {},
): Promise<Result> {
  if (config.database.url === undefined && !existsSync(join(embeddedDirectory(config), 'PG_VERSION'))) {
    throw new FatalError(`there is no database in ${config.dataDirectory} yet: portolan serve makes it`)
  }
  const { database, release } = await open(config, log)
  try {
    await (readOnly ? checkSchema : migrate)(database.db, { log })
    return await work(database.db)
  } finally {
    await database.close()
    release()
  }
}

async function open(
  config: Config,
  log: Logger,
): Promise<{ database: ConnectedDatabase; release: () => void }> {
  if (config.database.url !== undefined)
    return { database: await connectDatabase(config, log), release: ignore }
  try {
    const held = await openDataDirectory(config)
    try {
      return { database: await connectDatabase(config, log), release: () => held.release() }
    } catch (error) {
      held.release()
      throw error
    }
  } catch (error) {
    if (!(error instanceof DataDirectoryInUse)) throw error
    // The server that runs has its own; of what is left for others this takes little.
    const few = {
      ...config,
      database: { ...config.database, maxConnections: 2, preparedStatements: false },
    }
    return { database: await joinEmbedded(few, log), release: ignore }
  }
}
