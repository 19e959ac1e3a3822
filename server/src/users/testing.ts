import type { Actor } from '../access/model.ts'
import type { Database } from '../platform/db/database.ts'
import type { User } from './model.ts'
import { createPasswords, type Passwords } from './passwords.ts'
import { createUser } from './service.ts'

/** For database tests: what creates users quickly, and the user itself with a password to log in with. */
export const TEST_PASSWORD = 'Contract1234'

export async function makeUser(db: Database, name: string, passwords?: Passwords): Promise<User> {
  const deps = { db, passwords: passwords ?? createPasswords(), onUserChanged: () => undefined }
  const profile = { email: `${name}@example.com`, realname: `The ${name}`, comment: '' }
  return createUser(
    deps,
    { username: name, password: TEST_PASSWORD, ...profile },
    { id: 1, username: 'admin' },
  )
}

/** A user who can own things. */
export async function addUser(db: Database, username: string): Promise<Actor> {
  return await db
    .insertInto('users')
    .values({ username })
    .returning(['id', 'username'])
    .executeTakeFirstOrThrow()
}
