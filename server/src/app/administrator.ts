import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Config } from '../config/schema.ts'
import type { Database } from '../platform/db/database.ts'
import { DomainError, FatalError } from '../platform/errors.ts'
import { createFileOnce } from '../platform/files.ts'
import { ensureAdministrator, generatePassword } from '../users/administrator.ts'
import { FIRST_ADMINISTRATOR } from '../users/model.ts'
import type { Passwords } from '../users/passwords.ts'
import { findPasswordHash, findUser } from '../users/store.ts'
import type { Terminal } from './terminal.ts'

export interface FirstStartDeps {
  db: Database
  passwords: Passwords
  log: Logger
  terminal: Terminal | undefined
}

/**
 * Creates the administrator at first start. A password that is generated for him is shown on the
 * terminal; where there is none it goes to the file `admin-password`, and only its path to the log.
 */
export async function createAdministrator(
  deps: FirstStartDeps,
  config: Pick<Config, 'dataDirectory' | 'adminPassword'>,
): Promise<void> {
  if ((await findUser(deps.db, FIRST_ADMINISTRATOR)) !== undefined) return
  if (config.adminPassword !== undefined) await createWithPassword(deps, config.adminPassword)
  else if (deps.terminal !== undefined) await createAndShow(deps, deps.terminal)
  else await createWithFile(deps, join(config.dataDirectory, 'admin-password'))
}

async function createWithPassword(deps: FirstStartDeps, password: string): Promise<void> {
  try {
    await ensureAdministrator(deps, { password })
  } catch (cause) {
    if (cause instanceof DomainError) throw new FatalError(`admin_password: ${cause.message}`, { cause })
    throw cause
  }
}

async function createAndShow(deps: FirstStartDeps, terminal: Terminal): Promise<void> {
  const outcome = await ensureAdministrator(deps)
  if (!outcome.created) return
  terminal.show(
    `The administrator is admin, the password ${outcome.generatedPassword}\nIt is shown this once (portolan admin reset-password makes a new one).`,
  )
}

/**
 * The file comes before the user: a kill in between leaves a password that the next start takes, and
 * replicas that share the data directory take the same one.
 */
async function createWithFile(deps: FirstStartDeps, file: string): Promise<void> {
  await createFileOnce(file, `${generatePassword()}\n`)
  const password = (await readFile(file, 'utf8')).trim()
  const { created } = await ensureAdministrator(deps, { password })
  if (created) {
    deps.log.info({ file }, 'the administrator admin was created, his password is in the file')
    return
  }
  // A replica with another data directory was faster, and the password is in its file.
  const hash = await findPasswordHash(deps.db, FIRST_ADMINISTRATOR)
  if (!(await deps.passwords.verify(hash, password)).ok) await rm(file, { force: true })
}
