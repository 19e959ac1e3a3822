import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Command, CommandOptions } from './app/commands/input.ts'
import { FatalError } from './platform/errors.ts'

const HELP = `Portolan, a registry for OCI artifacts

  portolan serve                  runs the server
      --roles web|worker          only answers requests, or only runs jobs (default: all)
  portolan migrate                brings the database schema up to date
  portolan check-config           prints the configuration in force, secrets masked
  portolan admin reset-password   gives a user a new password and prints it
      --username NAME             somebody else than admin
      --stdin                     takes the password from standard input
  portolan keys rotate            makes a new key to sign registry tokens with
      --distrust                  no token signed before is accepted any more
  portolan scrub --report         compares store and database; exits with 1 where they do not agree
      --rehash                    reads every object and compares its digest too
      --json                      prints everything it has found as JSON
  portolan version                prints the version
  portolan help                   prints this

  --config FILE                   configuration file (default: portolan.yaml, where there is one)
`

interface CommandEntry {
  /** Read when the command is called: `version` and `help` need none of the program. */
  load: () => Promise<Command>
  options: readonly (keyof CommandOptions)[]
}

const COMMANDS: Record<string, CommandEntry> = {
  serve: { load: () => import('./app/commands/serve.ts'), options: ['roles'] },
  // Started by `serve`, not by people.
  'serve-process': { load: () => import('./app/commands/serve-process.ts'), options: [] },
  migrate: { load: () => import('./app/commands/migrate.ts'), options: [] },
  'check-config': { load: () => import('./app/commands/check-config.ts'), options: [] },
  'admin reset-password': {
    load: () => import('./app/commands/reset-password.ts'),
    options: ['username', 'stdin'],
  },
  'keys rotate': { load: () => import('./app/commands/rotate-keys.ts'), options: ['distrust'] },
  scrub: { load: () => import('./app/commands/scrub.ts'), options: ['report', 'rehash', 'json'] },
}

async function main(args: string[]): Promise<void> {
  const { words, options, help, version } = parse(args)
  const name = words.join(' ')
  if (help || name === 'help') {
    process.stdout.write(HELP)
    return
  }
  if (version || name === 'version') {
    const { readVersion } = await import('./app/version.ts')
    process.stdout.write(`${readVersion()}\n`)
    return
  }
  const entry = COMMANDS[name]
  if (entry === undefined) {
    throw usageError(name === '' ? 'a command is missing' : `there is no command ${name}`)
  }
  for (const option of Object.keys(options)) {
    const known: readonly string[] = ['config', ...entry.options]
    if (!known.includes(option)) throw usageError(`${name} has no option --${option}`)
  }
  const { loadConfig } = await import('./config/load.ts')
  const command = await entry.load()
  const env = options.roles === undefined ? process.env : { ...process.env, PORTOLAN_ROLES: options.roles }
  await command.run({ config: () => loadConfig({ file: options.config, env }), options })
}

interface CommandLine {
  words: string[]
  options: CommandOptions
  help: boolean
  version: boolean
}

function parse(args: string[]): CommandLine {
  try {
    const { positionals, values } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        config: { type: 'string' },
        username: { type: 'string' },
        stdin: { type: 'boolean' },
        distrust: { type: 'boolean' },
        roles: { type: 'string' },
        report: { type: 'boolean' },
        rehash: { type: 'boolean' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean' },
      },
    })
    const { help = false, version = false, ...options } = values

    return { words: positionals, options, help, version }
  } catch (error) {
    throw usageError((error as Error).message.split('. ')[0] ?? '')
  }
}

function usageError(problem: string): FatalError {
  return new FatalError(`${problem} (portolan help lists commands and options)`, { exitCode: 2 })
}

/** Compiled code is kept between starts where the user keeps such things: it saves a third of a start. */
function keepCompiledCode({ XDG_CACHE_HOME, HOME }: NodeJS.ProcessEnv): void {
  const cache = XDG_CACHE_HOME || (HOME ? join(HOME, '.cache') : undefined)
  if (cache !== undefined) enableCompileCache(join(cache, 'portolan/code'))
}

/** What is said about a failure that has a cause outside; a mistake of ours keeps its stack. */
function complaintOf(error: unknown): { line: string; exitCode: number } | undefined {
  if (error instanceof FatalError) return { line: error.message, exitCode: error.exitCode }
  const { code, syscall, message } = error as NodeJS.ErrnoException

  return code !== undefined && syscall !== undefined ? { line: message, exitCode: 1 } : undefined
}

keepCompiledCode(process.env)
try {
  await main(process.argv.slice(2))
} catch (error) {
  const complaint = complaintOf(error)
  if (complaint === undefined) throw error
  process.stderr.write(`portolan: ${complaint.line}\n`)
  process.exitCode = complaint.exitCode
}
// All that was opened is closed: nothing that still ticks somewhere may keep us.
process.exit()
