import type { Actor } from '../access/model.ts'
import type { Database } from '../platform/db/database.ts'
import type { Order, Page } from '../platform/db/list.ts'
import { emit } from '../platform/events/outbox.ts'
import {
  emailTaken,
  lastAdministrator,
  samePassword,
  undeletable,
  userExists,
  userNotFound,
} from './errors.ts'
import {
  checkPassword,
  checkProfile,
  checkUsername,
  FIRST_ADMINISTRATOR,
  type NewUser,
  type Profile,
  type User,
} from './model.ts'
import type { Passwords } from './passwords.ts'
import * as store from './store.ts'

export interface UsersDeps {
  db: Database
  passwords: Passwords
  /** Told after the commit, so that this process forgets at once what it remembers of the user. */
  onUserChanged(id: number): void
}

/**
 * Throws where the caller may not do this to that user. Asked in the transaction of the change, with the user's row
 * locked: nobody is made an administrator between the question and the change.
 */
export type Admit = (db: Database, user: User) => Promise<void>

const ANYBODY: Admit = async () => undefined

/**
 * Creates a local user. Throws bad-request for what the rules refuse, conflict for a name or address taken.
 *
 * @param actor who does it; just an address where people register themselves
 */
export async function createUser(
  deps: UsersDeps,
  input: NewUser,
  actor: Actor | { address: string },
): Promise<User> {
  const { username, email, realname, comment, password } = input
  checkPassword(password)
  checkUsername(username)
  checkProfile(input)
  const passwordHash = await deps.passwords.hash(password)

  return deps.db.transaction().execute(async (tx) => {
    const user = await store.insertUser(tx, { username, email, realname, comment, passwordHash })
    // A name goes before an address at a login: whoever has that address would be kept out by it.
    const namesake = user && (await store.findUserByEmail(tx, username))
    if (!user || (namesake && namesake.id !== user.id)) throw userExists(username, email)
    await emit(tx, {
      type: 'user.created',
      payload: { userId: user.id, username, actor: { id: user.id, username, ...actor } },
    })
    return user
  })
}

export async function getUser(deps: Pick<UsersDeps, 'db'>, id: number): Promise<User> {
  const user = await store.findUser(deps.db, id)
  if (!user) throw userNotFound(id)
  return user
}

/** One page of the users that match all filters, in the given order and then by id, and how many match. */
export async function findUsers(
  deps: Pick<UsersDeps, 'db'>,
  filters: store.UserFilter[],
  orders: Order<store.UserField>[],
  page: Page,
): Promise<{ users: User[]; total: number }> {
  const [users, total] = await Promise.all([
    store.listUsers(deps.db, filters, orders, page),
    store.countUsers(deps.db, filters),
  ])
  return { users, total }
}

/** Throws bad-request for what the rules refuse, conflict for an address that another user has. */
export async function updateProfile(
  deps: UsersDeps,
  id: number,
  profile: Profile,
  actor: Actor,
  admit = ANYBODY,
): Promise<void> {
  const { email, realname, comment } = profile
  await deps.db.transaction().execute(async (tx) => {
    await admit(tx, await lockUser(tx, id))
    checkProfile(profile)
    const outcome = await store.updateProfile(tx, id, { email, realname, comment })
    if (outcome === 'absent') throw userNotFound(id)
    if (outcome === 'taken') throw emailTaken(email)
    const { username } = await getUser({ db: tx }, id)
    await emit(tx, { type: 'user.updated', payload: { userId: id, username, actor } })
  })
  deps.onUserChanged(id)
}

/**
 * Sets a new password; every session and token that the user has ends. Throws bad-request for one that is
 * too weak, or the same as before.
 */
export async function changePassword(
  deps: UsersDeps,
  id: number,
  password: string,
  actor: Actor,
  admit = ANYBODY,
): Promise<void> {
  // Before anything is told of the password that he has, and again when it changes: hashing takes its time.
  await admit(deps.db, await getUser(deps, id))
  checkPassword(password)
  const before = await store.findPasswordHash(deps.db, id)
  if (before === undefined) throw userNotFound(id)
  if (before !== null && (await deps.passwords.verify(before, password)).ok) throw samePassword()
  const passwordHash = await deps.passwords.hash(password)

  await deps.db.transaction().execute(async (tx) => {
    const user = await lockUser(tx, id)
    await admit(tx, user)
    await store.updatePassword(tx, id, passwordHash)
    const { username } = user
    await emit(tx, { type: 'user.password_changed', payload: { userId: id, username, actor } })
  })
  deps.onUserChanged(id)
}

/**
 * Makes the user a system administrator or a plain user; who is no administrator any more must log in anew. Throws forbidden
 * for the last one.
 */
export async function setSysadmin(
  deps: UsersDeps,
  id: number,
  sysadmin: boolean,
  actor: Actor,
): Promise<void> {
  await deps.db.transaction().execute(async (tx) => {
    if (!sysadmin) requireAnother(await store.lockAdministrators(tx), id)
    if (!(await store.updateSysadmin(tx, id, sysadmin))) throw userNotFound(id)
    const { username } = await getUser({ db: tx }, id)
    await emit(tx, { type: 'user.updated', payload: { userId: id, username, sysadmin, actor } })
  })
  deps.onUserChanged(id)
}

/**
 * Deletes a user for good: name and e-mail address are free again, sessions and tokens end. Nobody deletes
 * himself, the first administrator, or the last one.
 */
export async function deleteUser(deps: UsersDeps, id: number, actor: Actor, admit = ANYBODY): Promise<void> {
  if ((id === actor.id && !actor.robot) || id === FIRST_ADMINISTRATOR) throw undeletable(id)
  await deps.db.transaction().execute(async (tx) => {
    const administrators = await store.lockAdministrators(tx)
    const found = await lockUser(tx, id)
    await admit(tx, found)
    if (found.sysadmin) requireAnother(administrators, id)
    const user = await store.markDeleted(tx, id)
    if (!user) throw userNotFound(id)
    await emit(tx, { type: 'user.deleted', payload: { userId: id, username: user.username, actor } })
  })
  deps.onUserChanged(id)
}

/** Nobody but them can make another one. */
function requireAnother(administrators: readonly number[], id: number): void {
  if (administrators.length === 1 && administrators[0] === id) throw lastAdministrator()
}

async function lockUser(tx: Database, id: number): Promise<User> {
  const user = await store.lockUser(tx, id)
  if (!user) throw userNotFound(id)
  return user
}
