import { text } from 'node:stream/consumers'
import { DomainError, FatalError } from '../../platform/errors.ts'
import { createLogger } from '../../platform/log/logger.ts'
import { resetPassword } from '../../users/administrator.ts'
import { createPasswords } from '../../users/passwords.ts'
import { withDatabase } from '../offline-database.ts'
import type { CommandInput } from './input.ts'

/** With `--stdin` the password is the first line of standard input, else it is generated and printed. */
export async function run({ config, options }: CommandInput): Promise<void> {
  const inForce = config()
  const log = createLogger(inForce, 'stderr')
  const chosen = options.stdin === true ? firstLine(await text(process.stdin)) : undefined
  const reset = await withDatabase(inForce, log, async (db) => {
    try {
      return await resetPassword(
        { db, passwords: createPasswords() },
        {
          ...(options.username === undefined ? {} : { username: options.username }),
          ...(chosen === undefined ? {} : { password: chosen }),
        },
      )
    } catch (cause) {
      if (cause instanceof DomainError) throw new FatalError(cause.message, { cause })
      throw cause
    }
  })
  process.stdout.write(
    chosen === undefined ? `${reset.password}\n` : `the password of ${reset.username} has been changed\n`,
  )
}

function firstLine(input: string): string {
  return input.split(/\r?\n/)[0] ?? ''
}
