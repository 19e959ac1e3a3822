import type { Database } from '../../platform/db/database.ts'

export interface StoredSession {
  userId: number
  userGeneration: number
  creationTime: Date
  expiryTime: Date
}

export async function insertSession(db: Database, idHash: Buffer, session: StoredSession): Promise<void> {
  await db
    .insertInto('sessions')
    .values({
      id_hash: idHash,
      user_id: session.userId,
      user_generation: session.userGeneration,
      creation_time: session.creationTime,
      expiry_time: session.expiryTime,
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
