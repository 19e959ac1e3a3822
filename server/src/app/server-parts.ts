import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type pg from 'pg'
import type { Logger } from 'pino'
import type { HolderChange } from '../auth/service.ts'
import type { Ending } from '../auth/throttle.ts'
import type { Config } from '../config/schema.ts'
import type { SecretBox } from '../platform/crypto/secret-box.ts'
import type { Database } from '../platform/db/database.ts'
import type { Health } from '../platform/metrics/listener.ts'
import type { MetricsRegistry } from '../platform/metrics/registry.ts'
import type { Tracing } from '../platform/tracing/tracing.ts'
import type { StorageDriver } from '../storage/driver.ts'
import type { Meters } from './metrics/meters.ts'

/** What was changed of that which processes keep in their memory. */
export type Change = HolderChange | { of: 'settings' }

/** Other processes that were started together with this one, and share its port, store and database. */
export interface Siblings {
  /** Whether this one does what only one of them is to do: jobs, events, and what is done again and again. */
  leads: boolean
  /** Tells the one that leads that events are being written. Costs next to nothing, however often it is called. */
  tellOfEvents(): void
  /** In the one that leads: what to do when others are writing events. */
  onEvents(wake: () => void): void
  /** Tells the others how an attempt to log in ended. */
  tellOfAttempt(ending: Ending): void
  /** What to do when that happens in another one. */
  onAttempt(hear: (ending: Ending) => void): void
  /** Tells the others what was changed here. */
  tellOfChange(change: Change): void
  /** What to do when that happens in another one. */
  onChange(hear: (change: Change) => void): void
  /** From now on it gets connections. Answers whether it has taken one. */
  accept(take: (connection: Socket) => boolean): void
  /** So many of them have ended. */
  ended(count: number): void
  /** It gets no more connections. */
  leave(): void
  /** How this process answers whoever asks for its figures and its health. */
  answering(answers: { figures: MetricsRegistry['values'] | undefined; health: Health }): void
}

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
  /** Without them this process does everything. */
  siblings?: Siblings | undefined
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
