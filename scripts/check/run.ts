import { spawn } from 'node:child_process'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the whole project. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export interface Finished {
  code: number
  /** Standard output, unless `live`. */
  stdout: string
  /** Standard output and standard error as they came, trimmed; for people. */
  output: string
}

export interface RunOptions {
  /** Let the command write to the terminal itself. */
  live?: boolean
  env?: NodeJS.ProcessEnv
}

/** Runs a command in the project's folder, with the project's own tools and its Node first in PATH. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: ROOT,
      env: { ...process.env, PATH: ownPath(), ...options.env },
      stdio: ['ignore', options.live ? 'inherit' : 'pipe', options.live ? 'inherit' : 'pipe'],
    })
    const printed: Buffer[] = []
    const all: Buffer[] = []

    child.stdout?.on('data', (chunk: Buffer) => {
      printed.push(chunk)
      all.push(chunk)
    })
    child.stderr?.on('data', (chunk: Buffer) => all.push(chunk))
    child.on('error', reject)
    child.on('close', (code) => {
      const output = Buffer.concat(all).toString().trim()
      resolve({ code: code ?? 1, stdout: Buffer.concat(printed).toString(), output })
    })
  })
}

function ownPath(): string {
  return [join(ROOT, 'node_modules/.bin'), process.env.PATH ?? ''].join(delimiter)
}
