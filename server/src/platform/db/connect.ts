import { join } from 'node:path'
import pg from 'pg'
import type { Logger } from 'pino'
import type { Config } from '../../config/schema.ts'
import { ignore } from '../../lib/ignore.ts'
import { FatalError } from '../errors.ts'
import { type Database, openDatabase } from './database.ts'
import { startEmbedded } from './embedded/server.ts'
import { socketAddress } from './embedded/socket.ts'

export type DatabaseConfig = Pick<Config, 'dataDirectory' | 'database'>

export interface ConnectedDatabase {
  db: Database
  /** For a connection outside the pool, such as one that listens. */
  connection: pg.PoolConfig
  /** Resolves when the embedded server ends by itself; never with an external one. */
  failed: Promise<Error>
  /** Closes the pool and stops the embedded server. */
  close(): Promise<void>
}

const CONNECT_TIMEOUT_MS = 10_000
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
export async function connectDatabase(config: DatabaseConfig, log: Logger): Promise<ConnectedDatabase> {
  const { maxConnections, url } = config.database
  const server =
    url === undefined
      ? await startEmbedded({ directory: embeddedDirectory(config), maxConnections, log })
      : undefined
  const connection: pg.PoolConfig = {
    ...(server?.connection ?? { connectionString: url, keepAlive: true }),
    application_name: 'portolan',
    connectionTimeoutMillis: POOL_TIMEOUT_MS,
  }
  if (server === undefined) await probe(connection)
  const db = openDatabase({ connection, maxConnections }, (error) => {
    log.warn({ err: error }, 'a database connection broke')
  })

  return {
    db,
    connection,
    failed: server?.failed ?? NEVER,
    async close() {
      await db.destroy()
      await server?.stop()
    },
  }
}

/** Joins the embedded server of a Portolan that is running in another process. */
export function joinEmbedded(config: DatabaseConfig, log: Logger): ConnectedDatabase {
  const address = socketAddress(embeddedDirectory(config))
  const connection = { ...address.connection, application_name: 'portolan' }
  const db = openDatabase({ connection, maxConnections: 2 }, (error) => {
    log.warn({ err: error }, 'a database connection broke')
  })

  return {
    db,
    connection,
    failed: NEVER,
    async close() {
      await db.destroy()
      address.release()
    },
  }
}

async function probe(connection: pg.PoolConfig): Promise<void> {
  const client = new pg.Client({ ...connection, connectionTimeoutMillis: CONNECT_TIMEOUT_MS })
  // A server that breaks the connection while we leave is none of our business.
  client.on('error', ignore)
  try {
    await client.connect()
  } catch (cause) {
    throw new FatalError(`database.url: ${connectProblem(client, cause as Error & { code?: string })}`, {
      cause,
    })
  }
  await client.end()
}

function connectProblem(client: pg.Client, error: Error & { code?: string }): string {
  switch (error.code) {
    case '28P01':
    case '28000':
      return `the database at ${client.host} refuses user ${client.user}`
    case '3D000':
      return `there is no database ${client.database} at ${client.host}`
    case '53300':
      return `the database at ${client.host} takes no more connections`
    case undefined:
      return `the database at ${client.host}:${client.port} cannot be used: ${error.message.split('\n')[0]}`
    default:
      return `the database at ${client.host}:${client.port} cannot be reached (${error.code})`
  }
}
