import type { Config } from '../../config/schema.ts'

/** What a command gets to work with. */
export interface CommandInput {
  /** Reads and checks the configuration. */
  config: () => Config
  options: CommandOptions
}

/** The options of the command line. */
export interface CommandOptions {
  config?: string
  username?: string
  stdin?: boolean
  distrust?: boolean
  roles?: string
  report?: boolean
  rehash?: boolean
  json?: boolean
}

/** A command's module. */
export interface Command {
  run(input: CommandInput): Promise<void>
}
