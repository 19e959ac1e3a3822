import { type ChildProcess, spawn } from 'node:child_process'
import { FatalError } from '../../errors.ts'
import type { Owner } from './owner.ts'

/**
 * How a program of PostgreSQL names its data directory. A process that gave up root may not be able to
 * walk there from `/` (a parent may be closed to it), but it stands in it already.
 */
export function directoryArgument(directory: string, owner: Owner | undefined): string {
  return owner !== undefined && process.platform === 'linux' ? '/proc/self/cwd' : directory
}

/**
 * Starts a program of PostgreSQL in `directory`, as `owner`. It gets a session of its own, so that
 * Ctrl-C on the terminal reaches Portolan alone, which then stops it in order; and little environment.
 */
export function startProgram(
  program: string,
  args: readonly string[],
  options: { directory: string; owner: Owner | undefined },
): ChildProcess {
  const { directory, owner } = options

  return spawn(program, args, {
    cwd: directory,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
    ...owner,
  })
}

/** Resolves with the last lines written to standard error once the program has exited with 0. */
export async function finish(child: ChildProcess, name: string): Promise<void> {
  let output = ''
  child.stdout?.resume()
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output = (output + text).slice(-4000)
  })
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.once('error', (cause) =>
      reject(new FatalError(`${name} cannot be started: ${cause.message}`, { cause })),
    )
    child.once('close', (...how) => resolve(how))
  })
  if (code !== 0) throw new FatalError(`${name} failed: ${reasonIn(output) ?? signal ?? `exit code ${code}`}`)
}

/** The line of PostgreSQL's output that says why. */
export function reasonIn(output: string): string | undefined {
  const lines = output.split('\n')
  const line =
    lines.findLast((candidate) => /\b(FATAL|PANIC|ERROR):|error:/.test(candidate)) ??
    lines.findLast((candidate) => candidate.trim() !== '')

  return line?.replace(/^.*?\b(FATAL|PANIC|ERROR|error):\s*/, '').trim()
}
