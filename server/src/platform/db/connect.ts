import { join } from 'node:path'
import type pg from 'pg'
import type { Logger } from 'pino'
import type { Config } from '../../config/schema.ts'
import { ignore } from '../../lib/ignore.ts'
import type { Database, DatabaseOptions, PoolState } from './database.ts'
import { type EmbeddedServer, startEmbedded } from './embedded/server.ts'
import { socketAddress } from './embedded/socket.ts'

export type DatabaseConfig = Pick<Config, 'dataDirectory' | 'database'>

export interface ConnectedDatabase {
  db: Database
  /** The same pool for what is asked all the time: its statements are kept prepared. */
  prepared: Database
  pool(): PoolState
  /** For a connection outside the pool, such as one that listens. */
  connection: pg.PoolConfig
  /** Resolves when the embedded server ends by itself; never with an external one. */
  failed: Promise<Error>
  /** Closes the pool and stops the embedded server. */
  close(): Promise<void>
}

// Also the longest wait for a free connection of the pool.
const POOL_TIMEOUT_MS = 30_000
const NEVER = new Promise<never>(ignore)

/** Directory of the embedded server's files and its socket. */
export function embeddedDirectory(config: Pick<Config, 'dataDirectory'>): string {
  return join(config.dataDirectory, 'postgres')
}

/**
 * Opens the database that the configuration names: an external one, or the embedded one, which is
 * started for it (the caller holds the data directory). A `FatalError` tells why it cannot be used.
 */
export async function connectDatabase(
  config: DatabaseConfig,
  log: Logger,
  { onConnection }: Pick<DatabaseOptions, 'onConnection'> = {},
): Promise<ConnectedDatabase> {
  const { maxConnections, preparedStatements, url } = config.database
  const starting = url === undefined ? startEmbeddedFor(config, log) : undefined
  // The libraries are read while the embedded server starts.
  const [server, { openDatabases }, { probe }] = await Promise.all([
    starting,
    import('./database.ts'),
    import('./probe.ts'),
  ])
  const connection: pg.PoolConfig = {
    ...(server?.connection ?? { connectionString: url, keepAlive: true }),
    application_name: 'portolan',
    connectionTimeoutMillis: POOL_TIMEOUT_MS,
  }
  if (server === undefined) await probe(connection)
  let closing = false
  const options = { connection, maxConnections, preparedStatements, onConnection }
  const { db, prepared, state, close } = openDatabases(options, (error) => {
    // The pool does not wait for its connections to end: the server may be quicker to end them.
    if (!closing) log.warn({ err: error }, 'a database connection broke')
  })

  return {
    db,
    prepared,
    pool: state,
    connection,
    failed: server?.failed ?? NEVER,
    async close() {
      closing = true
      await close()
      await server?.stop()
    },
  }
}

/** Starts the embedded server with room for the connections of the configuration, and for a few more. */
export function startEmbeddedFor(config: DatabaseConfig, log: Logger): Promise<EmbeddedServer> {
  const { maxConnections } = config.database

  return startEmbedded({ directory: embeddedDirectory(config), maxConnections, log })
}

/** Joins the embedded server of a Portolan that is running in another process. */
export async function joinEmbedded(
  config: DatabaseConfig,
  log: Logger,
  { onConnection }: Pick<DatabaseOptions, 'onConnection'> = {},
): Promise<ConnectedDatabase> {
  const { maxConnections, preparedStatements } = config.database
  const { openDatabases } = await import('./database.ts')
  const address = socketAddress(embeddedDirectory(config))
  const connection: pg.PoolConfig = {
    ...address.connection,
    application_name: 'portolan',
    connectionTimeoutMillis: POOL_TIMEOUT_MS,
  }
  let closing = false
  const options = { connection, maxConnections, preparedStatements, onConnection }
  const { db, prepared, state, close } = openDatabases(options, (error) => {
    if (!closing) log.warn({ err: error }, 'a database connection broke')
  })

  return {
    db,
    prepared,
    pool: state,
    connection,
    failed: NEVER,
    async close() {
      closing = true
      await close()
      address.release()
    },
  }
}
