import type { FastifyInstance } from 'fastify'
import type pg from 'pg'
import type { Logger } from 'pino'
import type { Config } from '../config/schema.ts'
import type { SecretBox } from '../platform/crypto/secret-box.ts'
import type { Database } from '../platform/db/database.ts'
import type { Health } from '../platform/metrics/listener.ts'
import type { Tracing } from '../platform/tracing/tracing.ts'
import type { StorageDriver } from '../storage/driver.ts'
import type { Meters } from './metrics/meters.ts'

/** What is open and ready when the server is put together. */
export interface ServerParts {
  config: Config
  log: Logger
  db: Database
  /** The same database for the data plane, whose statements are few and many a second: they are kept prepared. */
  prepared: Database
  /** For a database connection outside the pool, such as one that listens. */
  connection: pg.PoolConfig
  storage: StorageDriver
  secretKey: SecretBox
  version: string
  /** Where figures are collected. */
  meters?: Meters | undefined
  /** Where traces are sent to, if anywhere. */
  tracing?: Tracing | undefined
}

/** The server put together, not listening yet. */
export interface ComposedServer {
  app: FastifyInstance
  health: Health
  /** Starts what works in the background. Called before the server listens. */
  start(): Promise<void>
  /** Stops it. Called when the last request has been answered. */
  close(): Promise<void>
}
