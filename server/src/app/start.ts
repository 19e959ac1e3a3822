import type { Logger } from 'pino'
import type { Config } from '../config/schema.ts'
import { ignore } from '../lib/ignore.ts'
import { loadSecretBox } from '../platform/crypto/secret-key.ts'
import { type ConnectedDatabase, connectDatabase, joinEmbedded } from '../platform/db/connect.ts'
import { FatalError } from '../platform/errors.ts'
import type { Observe } from '../storage/guarded-driver.ts'
import { openDataDirectory } from './data-directory.ts'
import type { Lifecycle } from './lifecycle.ts'
import { drain, type Listening, listen } from './listen.ts'
import type { Meters } from './metrics/meters.ts'
import type { Siblings } from './server-parts.ts'
import { storageOptions, storageProblem } from './storage.ts'
import type { Terminal } from './terminal.ts'
import { loadTls } from './tls.ts'
import type { Traces } from './tracing/open.ts'
import { readVersion } from './version.ts'

export interface StartOptions {
  config: Config
  log: Logger
  terminal: Terminal | undefined
  /** Where others answer on the same port. Then the data directory and the embedded PostgreSQL are held by who has started them all. */
  siblings?: Siblings | undefined
}

export interface Running {
  /** Undefined for a worker, and where another process listens. */
  listening: Listening | undefined
  /** Resolves when the embedded database ends by itself: nothing works without it. */
  failed: Promise<Error>
}

/** Opens everything that one process needs, in order, and at last the port. */
export async function start(options: StartOptions, lifecycle: Lifecycle): Promise<Running> {
  const { config, log, terminal, siblings } = options
  // What is wrong here is better known before anything is created.
  loadTls(config)
  if (!siblings) {
    const held = await openDataDirectory(config)
    lifecycle.opened('data directory', () => held.release())
  }
  const traces = config.tracing.endpoint === undefined ? undefined : await openTraces(config, log)
  if (traces) lifecycle.opened('traces', traces.tracing.close)
  const connect = siblings && config.database.url === undefined ? joinEmbedded : connectDatabase
  const connecting = connect(config, log, { onConnection: traces?.onConnection })
  // Most of the program is read while PostgreSQL gets ready: both take their time.
  const loading = loadProgram()
  loading.catch(ignore)

  const database = await connecting
  lifecycle.opened('database', () => database.close())
  const { db, prepared, connection, failed } = database
  const meters = config.metrics.port === 0 ? undefined : await openMeters(config, log, database)
  const program = await loading
  await program.migrate(db, { log })
  const storage = await program
    .openStorage(storageOptions(config), { observe: both(meters?.observeStorage, traces?.observeStorage) })
    .catch((cause: unknown) => {
      throw new FatalError(storageProblem(config, cause), { cause })
    })
  lifecycle.opened('storage', () => storage.close())
  const secretKey = await loadSecretBox(config)
  await program.createAdministrator({ db, passwords: program.createPasswords(), log, terminal }, config)

  const parts = {
    config,
    log,
    db,
    prepared,
    connection,
    storage,
    secretKey,
    version: readVersion(),
    meters,
    tracing: traces?.tracing,
    siblings,
  }
  const server = await program.composeServer(parts)
  lifecycle.opened('workers', () => server.close())
  await server.start()
  siblings?.answering({ figures: meters?.metrics.values, health: server.health })
  if (meters && !siblings) {
    const { listenForScrapes } = await import('../platform/metrics/listener.ts')
    const shown = await listenForScrapes(config.metrics, { ...meters, health: server.health, log })
    lifecycle.opened('metrics', shown.close)
    log.info({ port: shown.port, address: config.metrics.address }, 'metrics are shown')
  }
  if (config.roles === 'worker') return { listening: undefined, failed }
  if (siblings) {
    const { createAcceptor } = await import('./processes/acceptor.ts')
    await server.app.ready()
    const acceptor = createAcceptor(server.app, siblings.ended)
    lifecycle.opened('requests', () => {
      siblings.leave()
      return acceptor.drain(config.drainSeconds)
    })
    siblings.accept(acceptor.take)
    return { listening: undefined, failed }
  }
  lifecycle.opened('requests', () => drain(server.app, config.drainSeconds))

  return { listening: await listen(server.app, config), failed }
}

/** Read only where somebody wants figures. */
async function openMeters(
  config: Config,
  log: Logger,
  { pool }: Pick<ConnectedDatabase, 'pool'>,
): Promise<Meters> {
  const { createMeters, measurePool } = await import('./metrics/meters.ts')
  const meters = await createMeters(log, config.storage.driver)
  measurePool(meters.metrics, pool)

  return meters
}

/** Read only where somebody wants traces. */
async function openTraces(config: Config, log: Logger): Promise<Traces> {
  const { openTraces: open } = await import('./tracing/open.ts')
  return await open(config, log, readVersion())
}

function both(first: Observe | undefined, second: Observe | undefined): Observe | undefined {
  if (!first || !second) return first ?? second
  return (...told) => {
    first(...told)
    second(...told)
  }
}

/** The code of the whole program. */
export async function loadProgram() {
  const [composing, administrator, passwords, migrating, storing] = await Promise.all([
    import('./compose.ts'),
    import('./administrator.ts'),
    import('../users/passwords.ts'),
    import('../platform/db/migrate.ts'),
    import('../storage/open.ts'),
  ])

  return { ...composing, ...administrator, ...passwords, ...migrating, ...storing }
}
