import type { ChildProcess } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import type { Logger } from 'pino'
import { FatalError } from '../../errors.ts'
import { type Binaries, findBinaries } from './binaries.ts'
import { directoryArgument, reasonIn, startProgram } from './child.ts'
import { createCluster, hasCluster } from './cluster.ts'
import { guard } from './guardian.ts'
import { clearOrphan } from './orphan.ts'
import { chooseOwner, type Owner } from './owner.ts'
import { serverSettings, settingArguments } from './settings.ts'
import { socketAddress } from './socket.ts'

export interface EmbeddedOptions {
  /** Of the database files alone; made when it is not there. The caller holds a lock that covers it. */
  directory: string
  maxConnections: number
  log: Logger
  /** Instead of or beside the usual settings: tests trade durability for speed. */
  settings?: Record<string, string>
}

export interface EmbeddedServer {
  connection: pg.PoolConfig
  pid: number
  /** Resolves when the server ends by itself; never after `stop`. */
  failed: Promise<Error>
  /** Ends sessions, writes a checkpoint and waits for the process to go. May be called twice. */
  stop(): Promise<void>
}

const STOP_WAIT_MS = 20_000
// Children of a server that was killed notice within moments; until then they hold its shared memory.
const SHARED_MEMORY_WAIT_MS = 10_000

/**
 * Starts the embedded PostgreSQL, creating its files at first, and waits until it takes connections.
 *
 * Nothing is waited for before its first program runs: what the caller does meanwhile (reading the code of
 * the whole program) leaves the event loop little time.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const { directory, log } = options
  mkdirSync(dirname(directory), { recursive: true, mode: 0o700 })
  const owner = chooseOwner(directory)
  const found = findBinaries(owner)
  const binaries = found instanceof Promise ? await found : found
  if (hasCluster(directory)) await clearOrphan(directory)
  else await createCluster(directory, binaries, owner)

  let stopping = false
  const child = await launchPatiently(binaries, owner, { ...options, isStopping: () => stopping })
  const address = socketAddress(directory)
  const exited = new Promise<void>((resolve) => child.process.once('exit', () => resolve()))
  const failed = new Promise<Error>((resolve) => {
    void exited.then(() => {
      if (!stopping) resolve(new FatalError('the embedded PostgreSQL has ended by itself'))
    })
  })

  return {
    connection: address.connection,
    pid: child.pid,
    failed,
    async stop() {
      if (stopping) return await exited
      stopping = true
      if (child.process.exitCode === null && child.process.signalCode === null) {
        child.process.kill('SIGINT')
        const late = setTimeout(() => {
          log.warn('the embedded PostgreSQL does not stop: stopping it at once')
          child.process.kill('SIGQUIT')
        }, STOP_WAIT_MS)
        await exited
        clearTimeout(late)
      }
      address.release()
    },
  }
}

interface LaunchOptions extends EmbeddedOptions {
  /** Whether it was told to end. */
  isStopping(): boolean
}

interface Launched {
  process: ChildProcess
  pid: number
}

async function launchPatiently(
  binaries: Binaries,
  owner: Owner | undefined,
  options: LaunchOptions,
): Promise<Launched> {
  for (const end = Date.now() + SHARED_MEMORY_WAIT_MS; ; await sleep(100)) {
    try {
      return await launch(binaries, owner, options)
    } catch (error) {
      const isHeld = error instanceof Error && error.message.includes('shared memory block')
      if (!isHeld || Date.now() > end) throw error
    }
  }
}

async function launch(
  binaries: Binaries,
  owner: Owner | undefined,
  options: LaunchOptions,
): Promise<Launched> {
  const { directory, log, isStopping } = options
  const settings = { ...serverSettings(options.maxConnections), ...options.settings }
  const child = startProgram(
    binaries.postgres,
    ['-D', directoryArgument(directory, owner), ...settingArguments(settings)],
    { directory, owner },
  )
  child.stdout?.resume()
  if (child.pid !== undefined) child.once('exit', guard(child.pid, 'INT', owner))
  let output = ''

  return await new Promise<Launched>((resolve, reject) => {
    child.once('error', (cause) => {
      reject(new FatalError(`the embedded PostgreSQL cannot be started: ${cause.message}`, { cause }))
    })
    child.once('close', (code) => {
      const reason = reasonIn(output) ?? `exit code ${code}`
      reject(new FatalError(`the embedded PostgreSQL does not start: ${reason}`))
    })
    if (child.stderr === null) return
    createInterface({ input: child.stderr }).on('line', (line) => {
      output = `${output}${line}\n`.slice(-4000)
      report(log, line, isStopping())
      if (line.includes('ready to accept connections') && child.pid !== undefined) {
        resolve({ process: child, pid: child.pid })
      }
    })
  })
}

/** What a session says that ends because the server was told to. */
const ENDED_SESSION = /^FATAL: +terminating connection due to administrator command/

function report(log: Logger, line: string, isStopping: boolean): void {
  const expected = isStopping && ENDED_SESSION.test(line)
  const severe = /^(PANIC|FATAL|WARNING|ERROR):/.test(line) && !expected
  log[severe ? 'warn' : 'debug']({ component: 'postgresql' }, line)
}
