import { sql } from 'kysely'
import type { Database } from '../../platform/db/database.ts'

export interface StoredKey {
  kid: string
  publicJwk: Record<string, unknown>
  privateSealed: Buffer
  retirementTime: Date | null
}

export interface StoredOfflineToken {
  userId: number
  userGeneration: number
  expiryTime: Date
}

const ALGORITHM = 'RS256'

/** The active key, and those that retired after `since`. */
export async function listKeys(db: Database, since: Date): Promise<StoredKey[]> {
  const rows = await db
    .selectFrom('signing_keys')
    .selectAll()
    .where('algorithm', '=', ALGORITHM)
    .where((eb) => eb.or([eb('retirement_time', 'is', null), eb('retirement_time', '>', since)]))
    .orderBy('creation_time', 'desc')
    .execute()
  return rows.map((row) => ({
    kid: row.kid,
    publicJwk: row.public_jwk,
    privateSealed: row.private_sealed,
    retirementTime: row.retirement_time,
  }))
}

/** Does nothing where there is an active key. */
export async function insertKey(
  db: Database,
  key: Omit<StoredKey, 'retirementTime'>,
  now: Date,
): Promise<void> {
  await db
    .insertInto('signing_keys')
    .values({
      kid: key.kid,
      algorithm: ALGORITHM,
      public_jwk: JSON.stringify(key.publicJwk),
      private_sealed: key.privateSealed,
      creation_time: now,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

/** Holds back others who would change keys until the transaction ends. */
export async function lockKeys(tx: Database): Promise<void> {
  await sql`LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE`.execute(tx)
}

export async function retireActiveKey(tx: Database, now: Date): Promise<void> {
  await tx
    .updateTable('signing_keys')
    .set({ retirement_time: now })
    .where('retirement_time', 'is', null)
    .execute()
}

/** Removes keys that retired at or before `until`. */
export async function deleteRetiredKeys(db: Database, until: Date): Promise<void> {
  await db.deleteFrom('signing_keys').where('retirement_time', '<=', until).execute()
}

export async function insertOfflineToken(
  db: Database,
  tokenHash: Buffer,
  token: StoredOfflineToken & { clientId: string; creationTime: Date },
): Promise<void> {
  await db
    .insertInto('offline_tokens')
    .values({
      token_hash: tokenHash,
      user_id: token.userId,
      user_generation: token.userGeneration,
      client_id: token.clientId,
      creation_time: token.creationTime,
      expiry_time: token.expiryTime,
    })
    .execute()
}

export async function findOfflineToken(
  db: Database,
  tokenHash: Buffer,
): Promise<StoredOfflineToken | undefined> {
  const row = await db
    .selectFrom('offline_tokens')
    .selectAll()
    .where('token_hash', '=', tokenHash)
    .executeTakeFirst()
  return row && { userId: row.user_id, userGeneration: row.user_generation, expiryTime: row.expiry_time }
}

export async function extendOfflineToken(db: Database, tokenHash: Buffer, expiryTime: Date): Promise<void> {
  await db
    .updateTable('offline_tokens')
    .set({ expiry_time: expiryTime })
    .where('token_hash', '=', tokenHash)
    .execute()
}

/** Removes tokens that have expired, and of each user all but the `keep` that expire last. */
export async function deleteDeadOfflineTokens(db: Database, now: Date, keep: number): Promise<number> {
  const expired = await db.deleteFrom('offline_tokens').where('expiry_time', '<=', now).executeTakeFirst()
  const surplus = await sql`
    DELETE FROM offline_tokens WHERE token_hash IN (
      SELECT token_hash FROM (
        SELECT token_hash, row_number() OVER (PARTITION BY user_id ORDER BY expiry_time DESC) AS place
        FROM offline_tokens
        WHERE user_id IN (SELECT user_id FROM offline_tokens GROUP BY user_id HAVING count(*) > ${keep})
      ) AS ranked WHERE place > ${keep})`.execute(db)
  return Number(expired.numDeletedRows) + Number(surplus.numAffectedRows ?? 0)
}
