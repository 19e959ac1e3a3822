import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { ignore } from '../../lib/ignore.ts'
import { preparing } from './prepared.ts'
import type { Tables } from './tables.ts'

/** The pool as slices see it; stores take this or a transaction of it. */
export type Database = Kysely<Tables>

export interface DatabaseOptions {
  /** `postgres://…`, or the pieces of a Unix socket for the embedded server. */
  connection: pg.PoolConfig
  maxConnections: number
  /** Told of every connection before it is used first. */
  onConnection?: ((client: pg.PoolClient) => void) | undefined
}

// bigint (20) as a number: ids and sizes stay far below 2^53.
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) =>
    oid === 20 ? Number : (pg.types.getTypeParser(oid as number, format) as (value: string) => unknown),
}
/** How a pool is doing. */
export interface PoolState {
  /** Connections that are open, and how many there may be. */
  open: number
  most: number
  /** Those of them that nobody uses. */
  idle: number
  /** Who waits for one. */
  waiting: number
}

/**
 * Opens a pool of connections; the first connection is made by the first query.
 * `onError` hears of idle connections that broke (the pool replaces them).
 */
export function openDatabase(options: DatabaseOptions, onError: (error: Error) => void): Database {
  return openPool(options, onError).db
}

/** The same, with a look at the pool, and with a second way into it by which statements are kept prepared. */
export function openPool(
  options: DatabaseOptions,
  onError: (error: Error) => void,
): { db: Database; prepared: Database; state(): PoolState } {
  const pool = new pg.Pool({ ...options.connection, max: options.maxConnections, types })
  pool.on('error', onError)
  // Of one that breaks between two statements of a transaction the next statement tells; nobody else listens to it then.
  pool.on('connect', (client) => {
    client.on('error', ignore)
    options.onConnection?.(client)
  })

  return {
    db: new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) }),
    prepared: new Kysely<Tables>({ dialect: new PostgresDialect({ pool: preparing(pool) }) }),
    state: () => ({
      open: pool.totalCount,
      most: options.maxConnections,
      idle: pool.idleCount,
      waiting: pool.waitingCount,
    }),
  }
}
