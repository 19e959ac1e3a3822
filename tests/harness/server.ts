import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { temporaryDirectory } from './directory.ts'
import { endOrphanedDatabase } from './orphan.ts'

const root = path.resolve(import.meta.dirname, '../..')
const node = path.join(root, 'node_modules/.bin/node')
const program = path.join(root, 'server/src/main.ts')

/** Generous, because a test machine may be busy; what start-up may take is measured in bench/. */
const readyWithinMs = 60_000
const exitWithinMs = 30_000

export interface ServerOptions {
  /** Settings as `PORTOLAN_…` variables, over the ones below. */
  env?: Record<string, string>
  /** An existing data directory to run on; it is left in place. Without one a fresh one is made and removed. */
  dataDirectory?: string
  /** The program to start instead of the one in this checkout, such as an installed package's. */
  program?: string
}

export interface RunningServer {
  readonly url: string
  readonly port: number
  readonly pid: number
  readonly dataDirectory: string
  readonly adminPassword: string
  /** What the process has printed so far. */
  log(): string
  /** SIGTERM, and wait until it is gone; answers its exit code. */
  stop(): Promise<number | null>
  /** SIGKILL, as a crash: nothing is closed, the embedded database is left behind. */
  kill(): Promise<void>
  /** Starts again on the same data directory and port, with other settings where given. */
  restart(env?: Record<string, string>): Promise<void>
  /** Stops whatever still runs and removes a data directory that was made for it. */
  dispose(): Promise<void>
}

/** Starts the real program as a child and waits until it says that it is ready. */
export async function startServer(options: ServerOptions = {}): Promise<RunningServer> {
  const own = options.dataDirectory === undefined ? await temporaryDirectory('server') : undefined
  const dataDirectory = options.dataDirectory ?? own?.path ?? ''
  const adminPassword = options.env?.PORTOLAN_ADMIN_PASSWORD ?? 'Adm1n-of-the-tests'
  const settings: Record<string, string> = {
    PORTOLAN_DATA_DIRECTORY: dataDirectory,
    PORTOLAN_LISTEN_ADDRESS: '127.0.0.1',
    PORTOLAN_LISTEN_PORT: '0',
    // The same on every machine; where there are to be several, tests say so.
    PORTOLAN_PROCESSES: '1',
    PORTOLAN_ADMIN_PASSWORD: adminPassword,
    PORTOLAN_LOG_FORMAT: 'json',
    // Tests play those whom the server calls.
    PORTOLAN_OUTBOUND_ALLOW_NETWORKS: '127.0.0.0/8',
    ...options.env,
  }
  const output: string[] = []
  let running: Launched
  try {
    running = await launch(settings, output, options.program)
  } catch (error) {
    await own?.remove()
    throw error
  }

  async function stop(): Promise<number | null> {
    if (running.child.exitCode === null && running.child.signalCode === null) {
      running.child.kill('SIGTERM')
      await exitOf(running.child, output)
    }
    return running.child.exitCode
  }

  async function kill(): Promise<void> {
    if (running.child.exitCode === null && running.child.signalCode === null) {
      running.child.kill('SIGKILL')
      await exitOf(running.child, output)
    }
  }

  return {
    get url() {
      return running.url
    },
    get port() {
      return Number(new URL(running.url).port)
    },
    get pid() {
      return running.child.pid ?? 0
    },
    dataDirectory,
    adminPassword,
    log: () => output.join(''),
    stop,
    kill,
    restart: async (env = {}) => {
      await stop()
      const port = new URL(running.url).port
      running = await launch({ ...settings, PORTOLAN_LISTEN_PORT: port, ...env }, output, options.program)
    },
    dispose: async () => {
      await stop()
      await endOrphanedDatabase(dataDirectory)
      await own?.remove()
    },
  }
}

interface Launched {
  child: ChildProcess
  url: string
}

async function launch(
  settings: Record<string, string>,
  output: string[],
  installed: string | undefined,
): Promise<Launched> {
  const [command, ...args] = installed === undefined ? [node, program, 'serve'] : [installed, 'serve']
  const child = spawn(command, args, {
    cwd: settings.PORTOLAN_DATA_DIRECTORY,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, TMPDIR: process.env.TMPDIR, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  // Vitest ends a worker that hangs; its servers must not outlive it.
  const atExit = () => child.kill('SIGTERM')
  process.once('exit', atExit)
  child.once('exit', () => process.removeListener('exit', atExit))
  const start = output.length
  child.stdout?.on('data', (chunk: Buffer) => output.push(chunk.toString('utf8')))
  child.stderr?.on('data', (chunk: Buffer) => output.push(chunk.toString('utf8')))

  const deadline = Date.now() + readyWithinMs
  while (Date.now() < deadline) {
    const printed = output.slice(start).join('')
    const port = readyPort(printed)
    if (port !== undefined) {
      const scheme = settings.PORTOLAN_TLS_CERTIFICATE === undefined ? 'http' : 'https'
      return { child, url: `${scheme}://127.0.0.1:${port}` }
    }
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(
        `The server ended with ${child.exitCode ?? child.signalCode} before it was ready\n${printed}`,
      )
    }
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  child.kill('SIGKILL')
  throw new Error(`The server was not ready within ${readyWithinMs} ms\n${output.slice(start).join('')}`)
}

/** The port of the line that says `ready`, once it has been printed whole; 0 of a worker, which listens nowhere. */
function readyPort(printed: string): number | undefined {
  for (const line of printed.split('\n').slice(0, -1)) {
    if (line.startsWith('{') && line.includes('"ready"')) {
      const fields: unknown = JSON.parse(line)
      if (isReady(fields)) {
        if (fields.url === undefined) return fields.port ?? 0
        return fields.port ?? Number(new URL(fields.url).port)
      }
    }
  }
  return undefined
}

function isReady(fields: unknown): fields is { msg: 'ready'; port?: number; url?: string } {
  return typeof fields === 'object' && fields !== null && 'msg' in fields && fields.msg === 'ready'
}

async function exitOf(child: ChildProcess, output: string[]): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) {
    return
  }
  const timer = setTimeout(() => {
    output.push(`\nstill running ${exitWithinMs} ms after it was told to stop: killed by the tests\n`)
    child.kill('SIGKILL')
  }, exitWithinMs)
  await once(child, 'exit')
  clearTimeout(timer)
}
