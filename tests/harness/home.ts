import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { type CommandResult, run, succeed } from './command.ts'
import { type TemporaryDirectory, temporaryDirectory } from './directory.ts'

export interface Home {
  /** A directory for the files of a test, made when it is first named. */
  at(name: string): Promise<string>
  /** Runs a client and tells how it ended. */
  run(file: string, ...args: string[]): Promise<CommandResult>
  /** Runs a client and answers what it printed; it rejects when the client fails. */
  do(file: string, ...args: string[]): Promise<string>
  /** Like `do`, with text on standard input. */
  feed(input: string, file: string, ...args: string[]): Promise<string>
}

/**
 * A home for the clients of one test file: what they log in to, configure or cache stays in here, and nothing
 * of the person who runs the tests gets in.
 */
export function useHome(env: Record<string, string> = {}): Home {
  let directory: TemporaryDirectory | undefined

  beforeAll(async () => {
    directory = await temporaryDirectory('home')
    await mkdir(path.join(directory.path, 'run'), { mode: 0o700 })
  })
  afterAll(() => directory?.remove())

  const root = () => {
    if (directory === undefined) {
      throw new Error('the home of the clients is not there yet')
    }
    return directory.path
  }
  const surroundings = () => ({
    HOME: root(),
    XDG_RUNTIME_DIR: path.join(root(), 'run'),
    XDG_CONFIG_HOME: path.join(root(), 'config'),
    XDG_CACHE_HOME: path.join(root(), 'cache'),
    XDG_DATA_HOME: path.join(root(), 'data'),
    DOCKER_CONFIG: path.join(root(), 'docker'),
    REGISTRY_AUTH_FILE: undefined,
    ...env,
  })

  return {
    at: async (name) => {
      const wanted = path.join(root(), 'files', name)
      await mkdir(wanted, { recursive: true })
      return wanted
    },
    run: (file, ...args) => run(file, args, { cwd: root(), env: surroundings() }),
    do: (file, ...args) => succeed(file, args, { cwd: root(), env: surroundings() }),
    feed: (input, file, ...args) => succeed(file, args, { cwd: root(), env: surroundings(), input }),
  }
}
