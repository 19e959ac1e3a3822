import { type SelectQueryBuilder, sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import { condition, type Filter, type Order, type Page } from '../platform/db/list.ts'
import type { Tables } from '../platform/db/tables.ts'
import { isUniqueViolation } from '../platform/db/violations.ts'
import type { Profile, User } from './model.ts'

/** Fields of the list's filter and order, by their names on the wire, and where they are. */
const COLUMNS = {
  user_id: 'id',
  username: 'username',
  email: 'email',
  realname: 'realname',
  comment: 'comment',
  sysadmin_flag: 'sysadmin',
  creation_time: 'creation_time',
  update_time: 'update_time',
} as const
export type UserField = keyof typeof COLUMNS
/** What a list is filtered by; `username_or_email` is so where either is. */
export type UserFilter = Filter<UserField | 'username_or_email'>

export interface StoredUser {
  user: User
  /** Null where the user has no local password. */
  passwordHash: string | null
}

export async function findUser(db: Database, id: number): Promise<User | undefined> {
  const row = await liveUsers(db).selectAll().where('id', '=', id).executeTakeFirst()
  return row && toUser(row)
}

/** The same; nobody changes him until the transaction ends. */
export async function lockUser(tx: Database, id: number): Promise<User | undefined> {
  const row = await liveUsers(tx).selectAll().where('id', '=', id).forNoKeyUpdate().executeTakeFirst()
  return row && toUser(row)
}

/** The system administrators who may log in. They stay what they are until the transaction ends, in whichever process. */
export async function lockAdministrators(tx: Database): Promise<number[]> {
  const rows = await liveUsers(tx)
    .select('id')
    .where('sysadmin', '=', true)
    .where('disabled', '=', false)
    .orderBy('id')
    .forNoKeyUpdate()
    .execute()
  return rows.map(({ id }) => id)
}

export async function findUserByName(db: Database, username: string): Promise<User | undefined> {
  const row = await liveUsers(db).selectAll().where('username', '=', username).executeTakeFirst()
  return row && toUser(row)
}

export async function findUserByEmail(db: Database, email: string): Promise<User | undefined> {
  const row = await liveUsers(db).selectAll().where('email', '=', email).executeTakeFirst()
  return row && toUser(row)
}

/** The user of that name or, where there is none, of that e-mail address. */
export async function findLogin(db: Database, nameOrEmail: string): Promise<StoredUser | undefined> {
  const rows = await liveUsers(db)
    .selectAll()
    .where((eb) => eb.or([eb('username', '=', nameOrEmail), eb('email', '=', nameOrEmail)]))
    .execute()
  const row = rows.find((found) => found.username === nameOrEmail) ?? rows[0]
  return row && { user: toUser(row), passwordHash: row.password_hash }
}

/** The system administrator of the lowest id: owner of what no user created. */
export async function findLowestAdministrator(db: Database): Promise<User | undefined> {
  const row = await liveUsers(db)
    .selectAll()
    .where('sysadmin', '=', true)
    .orderBy('id')
    .limit(1)
    .executeTakeFirst()
  return row && toUser(row)
}

export async function findPasswordHash(db: Database, id: number): Promise<string | null | undefined> {
  const row = await liveUsers(db).select('password_hash').where('id', '=', id).executeTakeFirst()
  return row?.password_hash
}

export async function listUsers(
  db: Database,
  filters: UserFilter[],
  orders: Order<UserField>[],
  page: Page,
): Promise<User[]> {
  let query = filtered(liveUsers(db), filters).selectAll()
  for (const { field, descending } of orders) {
    query = query.orderBy(COLUMNS[field], descending ? 'desc' : 'asc')
  }
  // Names are unique: what they sort needs no more, and is read in the order of their index.
  if (!orders.some(({ field }) => field === 'username')) query = query.orderBy('id')
  const rows = await query.limit(page.limit).offset(page.offset).execute()
  return rows.map(toUser)
}

export async function countUsers(db: Database, filters: UserFilter[]): Promise<number> {
  const query = filtered(liveUsers(db), filters)
  const row = await query.select((eb) => eb.fn.countAll<number>().as('count')).executeTakeFirstOrThrow()
  return Number(row.count)
}

/** Undefined where the name or the e-mail address is taken. */
export async function insertUser(
  db: Database,
  user: Profile & { username: string; passwordHash: string },
): Promise<User | undefined> {
  const { passwordHash, ...columns } = user
  const row = await db
    .insertInto('users')
    .values({ ...columns, password_hash: passwordHash })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst()
  return row && toUser(row)
}

/**
 * The user with the id 1, a system administrator without an address; undefined where there is one already
 * (or was: ids are not given out twice), or somebody else has the name.
 */
export async function insertFirstAdministrator(
  tx: Database,
  user: { id: number; username: string; passwordHash: string },
): Promise<User | undefined> {
  const row = await tx
    .insertInto('users')
    .values({
      id: user.id,
      username: user.username,
      password_hash: user.passwordHash,
      realname: 'system administrator',
      sysadmin: true,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst()
  if (row === undefined) return undefined
  // The id was given, not drawn: the sequence must not draw it again.
  await sql`SELECT setval(pg_get_serial_sequence('users', 'id'), (SELECT max(id) FROM users))`.execute(tx)
  return toUser(row)
}

export async function updateProfile(
  db: Database,
  id: number,
  profile: Profile,
): Promise<'done' | 'absent' | 'taken'> {
  try {
    const done = await liveUpdate(db, id).set(profile).executeTakeFirst()
    return done.numUpdatedRows > 0n ? 'done' : 'absent'
  } catch (error) {
    if (isUniqueViolation(error)) return 'taken'
    throw error
  }
}

/** A new password: everything that was issued to the user before is void. */
export async function updatePassword(db: Database, id: number, passwordHash: string): Promise<boolean> {
  const done = await liveUpdate(db, id)
    .set((eb) => ({ password_hash: passwordHash, generation: eb('generation', '+', 1) }))
    .executeTakeFirst()
  return done.numUpdatedRows > 0n
}

/** Another hash of the same password, unless it has been changed meanwhile. */
export async function replacePasswordHash(db: Database, id: number, from: string, to: string): Promise<void> {
  await db
    .updateTable('users')
    .set({ password_hash: to })
    .where('id', '=', id)
    .where('password_hash', '=', from)
    .execute()
}

/** Whoever loses the flag loses what was issued to him under it. */
export async function updateSysadmin(db: Database, id: number, sysadmin: boolean): Promise<boolean> {
  const done = await liveUpdate(db, id)
    .set((eb) => ({
      sysadmin,
      ...(sysadmin ? {} : { generation: sql<number>`${eb.ref('generation')} + sysadmin::integer` }),
    }))
    .executeTakeFirst()
  return done.numUpdatedRows > 0n
}

export async function enableUser(db: Database, id: number): Promise<void> {
  await liveUpdate(db, id).set({ disabled: false }).execute()
}

/** The row stays, for what refers to it; name and address are free again. */
export async function markDeleted(db: Database, id: number): Promise<User | undefined> {
  const row = await liveUpdate(db, id)
    .set((eb) => ({ deletion_time: sql<Date>`now()`, generation: eb('generation', '+', 1) }))
    .returningAll()
    .executeTakeFirst()
  return row && toUser(row)
}

function liveUsers(db: Database) {
  return db.selectFrom('users').where('deletion_time', 'is', null)
}

function liveUpdate(db: Database, id: number) {
  return db
    .updateTable('users')
    .set({ update_time: sql<Date>`now()` })
    .where('id', '=', id)
    .where('deletion_time', 'is', null)
}

function filtered<T>(query: SelectQueryBuilder<Tables, 'users', T>, filters: UserFilter[]) {
  let result = query
  for (const filter of filters) {
    const { field } = filter
    const columns =
      field === 'username_or_email' ? (['username', 'email'] as const) : ([COLUMNS[field]] as const)
    result = result.where((eb) => eb.or(columns.map((column) => condition(sql.ref(column), filter))))
  }
  return result
}

interface Row {
  id: number
  username: string
  email: string | null
  realname: string
  comment: string
  sysadmin: boolean
  disabled: boolean
  generation: number
  creation_time: Date
  update_time: Date
}

function toUser(row: Row): User {
  const { id, username, email, realname, comment, sysadmin, disabled, generation } = row
  return {
    id,
    username,
    email,
    realname,
    comment,
    sysadmin,
    disabled,
    generation,
    creationTime: row.creation_time,
    updateTime: row.update_time,
  }
}

/** Whether there is a user besides the one of that id. */
export async function hasOtherUsers(db: Database, id: number): Promise<boolean> {
  const row = await db
    .selectFrom('users')
    .select('id')
    .where('deletion_time', 'is', null)
    .where('id', '<>', id)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}
