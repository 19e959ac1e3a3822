import { spawn } from 'node:child_process'

export interface CommandOptions {
  env?: Record<string, string | undefined>
  cwd?: string
  /** Text handed in on standard input; nothing is read from the terminal either way. */
  input?: string
}

export interface CommandResult {
  code: number
  stdout: string
  stderr: string
}

/** Runs a program to its end and tells how it ended; it rejects only when the program cannot be started. */
export function run(file: string, args: string[], options: CommandOptions = {}): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
    child.stdin.on('error', () => {
      // A program that does not read its input may be gone before we have written it.
    })
    child.on('error', reject)
    child.on('close', (code) => {
      resolve({ code: code ?? -1, stdout: text(stdout), stderr: text(stderr) })
    })
    child.stdin.end(options.input ?? '')
  })
}

/** Like `run`, but a program that ends with an error rejects with all it has printed. */
export async function succeed(file: string, args: string[], options: CommandOptions = {}): Promise<string> {
  const result = await run(file, args, options)
  if (result.code !== 0) {
    throw new Error(`${file} ${args.join(' ')} ended with ${result.code}\n${result.stdout}\n${result.stderr}`)
  }
  return result.stdout
}

function text(chunks: Buffer[]): string {
  return Buffer.concat(chunks).toString('utf8')
}
