import { Kysely, PostgresDialect, type PostgresPool } from 'kysely'
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
  return kysely(openPool(options, onError))
}

/** Both ways to one database, and a look at their connections. */
export interface Databases {
  db: Database
  /** For what the data plane asks all the time. */
  prepared: Database
  state(): PoolState
  close(): Promise<void>
}

/**
 * The data plane asks a few texts many times a second, and each finds single rows by an index: they are planned once a
 * connection, not once a call, and by indexes even while a table is so small that reading it whole looks cheaper, since
 * that plan would still be in use when it has grown. Lists do better with a plan for what they ask each time, so they
 * have connections of their own; nor do pushes and pulls wait for them.
 */
const DATA_PLANE = '-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c jit=off'

/** Opens both ways; two thirds of the connections are for the data plane, unless nothing is to be kept prepared. */
export function openDatabases(
  { preparedStatements, ...options }: DatabaseOptions & { preparedStatements: boolean },
  onError: (error: Error) => void,
): Databases {
  if (!preparedStatements) {
    const pool = openPool(options, onError)
    const db = kysely(pool)
    return { db, prepared: db, state: () => stateOf([pool]), close: () => pool.end() }
  }
  const { maxConnections } = options
  // Few are shared so that both have two, if there are as many.
  const forLists = Math.max(Math.floor(maxConnections / 3), Math.min(2, Math.floor(maxConnections / 2)))
  const forData = maxConnections - forLists
  const pool = openPool({ ...options, maxConnections: forLists }, onError)
  const connection = { ...options.connection, options: DATA_PLANE }
  const dataPool = openPool({ ...options, connection, maxConnections: forData }, onError)
  const pools = [pool, dataPool]

  return {
    db: kysely(pool),
    prepared: kysely(preparing(dataPool)),
    state: () => stateOf(pools),
    async close() {
      await Promise.all(pools.map((each) => each.end()))
    },
  }
}

function stateOf(pools: readonly pg.Pool[]): PoolState {
  const sum = (of: (each: pg.Pool) => number) => pools.reduce((total, each) => total + of(each), 0)
  return {
    open: sum((each) => each.totalCount),
    most: sum((each) => each.options.max),
    idle: sum((each) => each.idleCount),
    waiting: sum((each) => each.waitingCount),
  }
}

function openPool(options: DatabaseOptions, onError: (error: Error) => void): pg.Pool {
  const pool = new pg.Pool({ ...options.connection, max: options.maxConnections, types })
  pool.on('error', onError)
  // Of one that breaks between two statements of a transaction the next statement tells; nobody else listens to it then.
  pool.on('connect', (client) => {
    client.on('error', ignore)
    options.onConnection?.(client)
  })

  return pool
}

function kysely(pool: PostgresPool): Database {
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) })
}
