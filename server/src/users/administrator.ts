import { randomInt } from 'node:crypto'
import type { Database } from '../platform/db/database.ts'
import { DomainError } from '../platform/errors.ts'
import { emit } from '../platform/events/outbox.ts'
import { checkPassword, FIRST_ADMINISTRATOR } from './model.ts'
import type { Passwords } from './passwords.ts'
import { enableUser, findUser, findUserByName, insertFirstAdministrator, updatePassword } from './store.ts'

/** What the command line needs: no process is there to be told of changes. */
export interface AdministratorDeps {
  db: Database
  passwords: Passwords
}

const USERNAME = 'admin'
/** Without letters and digits that look alike: somebody will type it. */
const ALPHABET = ['ABCDEFGHJKLMNPQRSTUVWXYZ', 'abcdefghijkmnopqrstuvwxyz', '23456789']
const GENERATED_LENGTH = 24

/**
 * Creates the first administrator `admin` with the id 1 unless he is there; safe against other processes
 * that start at the same time. Answers the password only where it has been generated here, to be told once.
 * Throws bad-request where the given one is too weak.
 */
export async function ensureAdministrator(
  deps: AdministratorDeps,
  options: { password?: string } = {},
): Promise<{ created: false } | { created: true; generatedPassword?: string }> {
  if (await findUser(deps.db, FIRST_ADMINISTRATOR)) return { created: false }
  const password = options.password ?? generatePassword()
  checkPassword(password)
  const passwordHash = await deps.passwords.hash(password)

  const user = await deps.db.transaction().execute(async (tx) => {
    const created = await insertFirstAdministrator(tx, {
      id: FIRST_ADMINISTRATOR,
      username: USERNAME,
      passwordHash,
    })
    if (created) await emit(tx, { type: 'user.created', payload: { userId: created.id, username: USERNAME } })
    return created
  })
  if (!user) return { created: false }
  return options.password === undefined ? { created: true, generatedPassword: password } : { created: true }
}

/**
 * Gives a user a new password and lets him in again if he was disabled; his sessions and tokens end, in
 * running processes within seconds. Throws not-found, or bad-request for a weak password.
 *
 * @param options.username `admin` unless told
 * @param options.password generated unless told
 */
export async function resetPassword(
  deps: AdministratorDeps,
  options: { username?: string; password?: string } = {},
): Promise<{ username: string; password: string }> {
  const { username = USERNAME, password = generatePassword() } = options
  checkPassword(password)
  const passwordHash = await deps.passwords.hash(password)
  await deps.db.transaction().execute(async (tx) => {
    const user = await findUserByName(tx, username)
    if (!user) throw new DomainError('not-found', `user ${username} not found`)
    await updatePassword(tx, user.id, passwordHash)
    await enableUser(tx, user.id)
    await emit(tx, { type: 'user.password_changed', payload: { userId: user.id, username } })
  })
  return { username, password }
}

/** Some 138 random bits that satisfy the password rule. */
export function generatePassword(): string {
  const all = ALPHABET.join('')
  const drawn = Array.from({ length: GENERATED_LENGTH }, () => all.charAt(randomInt(all.length))).join('')
  // One in a few hundred lacks a kind of character: draw again rather than put one in a known place.
  return /[A-Z]/.test(drawn) && /[a-z]/.test(drawn) && /[0-9]/.test(drawn) ? drawn : generatePassword()
}
