import type { Database } from '../../platform/db/database.ts'
import type { Page } from '../../platform/db/list.ts'

export interface StoredSession {
  userId: number
  userGeneration: number
  creationTime: Date
  expiryTime: Date
}

export async function insertSession(
  db: Database,
  idHash: Buffer,
  session: StoredSession & { address: string },
): Promise<void> {
  await db
    .insertInto('sessions')
    .values({
      id_hash: idHash,
      user_id: session.userId,
      user_generation: session.userGeneration,
      creation_time: session.creationTime,
      expiry_time: session.expiryTime,
      address: session.address,
    })
    .execute()
}

export async function findSession(db: Database, idHash: Buffer): Promise<StoredSession | undefined> {
  const row = await db.selectFrom('sessions').selectAll().where('id_hash', '=', idHash).executeTakeFirst()
  return (
    row && {
      userId: row.user_id,
      userGeneration: row.user_generation,
      creationTime: row.creation_time,
      expiryTime: row.expiry_time,
    }
  )
}

export async function extendSession(db: Database, idHash: Buffer, expiryTime: Date): Promise<void> {
  await db.updateTable('sessions').set({ expiry_time: expiryTime }).where('id_hash', '=', idHash).execute()
}

export async function deleteSession(db: Database, idHash: Buffer): Promise<void> {
  await db.deleteFrom('sessions').where('id_hash', '=', idHash).execute()
}

export async function deleteExpiredSessions(db: Database, now: Date): Promise<number> {
  const done = await db.deleteFrom('sessions').where('expiry_time', '<=', now).executeTakeFirst()
  return Number(done.numDeletedRows)
}

export interface ListedSession {
  /** Names the session; nobody can log in with it. */
  id: number
  current: boolean
  address: string
  creationTime: Date
  expiryTime: Date
}

interface Which {
  userId: number
  /** Sessions of another one are void. */
  generation: number
  now: Date
}

/** One page of a user's sessions that count, the latest first. */
export async function listSessions(
  db: Database,
  which: Which,
  currentHash: Buffer | undefined,
  page: Page,
): Promise<ListedSession[]> {
  const rows = await counting(db, which)
    .select(['id', 'id_hash', 'address', 'creation_time', 'expiry_time'])
    .orderBy('id', 'desc')
    .limit(page.limit)
    .offset(page.offset)
    .execute()
  return rows.map((row) => ({
    id: row.id,
    current: currentHash !== undefined && row.id_hash.equals(currentHash),
    address: row.address,
    creationTime: row.creation_time,
    expiryTime: row.expiry_time,
  }))
}

export async function countSessions(db: Database, which: Which): Promise<number> {
  const row = await counting(db, which)
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(row.count)
}

/** False where the user has no such session. */
export async function deleteSessionById(tx: Database, userId: number, id: number): Promise<boolean> {
  const done = await tx
    .deleteFrom('sessions')
    .where('user_id', '=', userId)
    .where('id', '=', id)
    .executeTakeFirst()
  return done.numDeletedRows > 0n
}

function counting(db: Database, { userId, generation, now }: Which) {
  return db
    .selectFrom('sessions')
    .where('user_id', '=', userId)
    .where('user_generation', '=', generation)
    .where('expiry_time', '>', now)
}
