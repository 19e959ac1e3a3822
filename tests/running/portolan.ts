import { spawn } from 'node:child_process'
import path from 'node:path'
import { type CommandResult, run } from '../harness/command.ts'

const root = path.resolve(import.meta.dirname, '../..')
export const node = path.join(root, 'node_modules/.bin/node')
export const program = path.join(root, 'server/src/main.ts')

/** Nothing of the caller's own configuration, every line as JSON. */
export const bare = {
  ...Object.fromEntries(
    Object.keys(process.env)
      .filter((name) => name.startsWith('PORTOLAN_'))
      .map((name) => [name, undefined]),
  ),
  PORTOLAN_LISTEN_ADDRESS: '127.0.0.1',
  PORTOLAN_LISTEN_PORT: '0',
  // The same on every machine.
  PORTOLAN_PROCESSES: '1',
}

export interface PortolanOptions {
  cwd: string
  env?: Record<string, string>
  input?: string
}

/** Runs a command of the program to its end. */
export function portolan(args: string[], options: PortolanOptions): Promise<CommandResult> {
  return run(node, [program, ...args], { ...options, env: { ...bare, ...options.env } })
}

/** Starts the server and kills it, and nobody else, after so many milliseconds, ready or not. */
export async function startAndKill(cwd: string, afterMs: number, dataDirectory: string): Promise<void> {
  const child = spawn(node, [program, 'serve'], {
    cwd,
    env: { ...process.env, ...bare, PORTOLAN_DATA_DIRECTORY: dataDirectory },
    stdio: 'ignore',
  })
  const exited = new Promise((resolve) => child.once('exit', resolve))
  await new Promise((resolve) => setTimeout(resolve, afterMs))
  child.kill('SIGKILL')
  await exited
}

export interface OnTerminal {
  url: string
  /** What the person at the terminal has seen by the time the server was ready. */
  output: string
  stop(): Promise<void>
}

/** Starts the server with a terminal as standard output (`script` makes one). */
export async function serveOnTerminal(dataDirectory: string): Promise<OnTerminal> {
  const child = spawn('script', ['-qefc', `${node} ${program} serve`, '/dev/null'], {
    cwd: dataDirectory,
    // `script` runs the command in the user's shell, and not every user has one.
    env: { ...process.env, ...bare, SHELL: '/bin/sh', PORTOLAN_DATA_DIRECTORY: dataDirectory },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString('utf8')
  })
  const exited = new Promise((resolve) => child.once('exit', resolve))
  for (const end = Date.now() + 60_000; !output.includes('Ctrl-C stops it'); ) {
    if (Date.now() > end || child.exitCode !== null) throw new Error(`the server does not start:\n${output}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }

  return {
    url: `http://127.0.0.1:${/port=(\d+)/.exec(output)?.[1]}`,
    output,
    async stop() {
      // The key Ctrl-C, as the terminal turns it into a signal.
      child.stdin.write('\u0003')
      await exited
    },
  }
}

/** The one line with which a command gave up. */
export function complaint(result: CommandResult): string {
  const lines = result.stderr.trimEnd().split('\n')
  if (result.code === 0 || lines.length !== 1) {
    throw new Error(
      `expected one line and a failure, got code ${result.code} and\n${result.stderr}\n${result.stdout}`,
    )
  }
  return lines[0] ?? ''
}
