import { sql } from 'kysely'
import type { ProjectPermission, SystemPermission } from '../../access/permissions.ts'
import type { Database } from '../../platform/db/database.ts'
import type { Page } from '../../platform/db/list.ts'
import type { AccessToken, Preset } from './model.ts'

interface Row {
  id: number
  user_id: number
  name: string
  preset: Preset
  system_permissions: string[]
  project_permissions: string[]
  project_ids: number[] | null
  creation_time: Date
  expiry_time: Date | null
  last_use_time: Date | null
}

const COLUMNS = [
  'id',
  'user_id',
  'name',
  'preset',
  'system_permissions',
  'project_permissions',
  'project_ids',
  'creation_time',
  'expiry_time',
  'last_use_time',
] as const

/** The token of that hash. */
export async function findByHash(db: Database, hash: Buffer): Promise<AccessToken | undefined> {
  const row = await db
    .selectFrom('access_tokens')
    .select(COLUMNS)
    .where('token_hash', '=', hash)
    .executeTakeFirst()
  return row && toToken(row)
}

export async function findById(db: Database, id: number): Promise<AccessToken | undefined> {
  const row = await db.selectFrom('access_tokens').select(COLUMNS).where('id', '=', id).executeTakeFirst()
  return row && toToken(row)
}

/** One page of a user's tokens, by name. */
export async function listTokens(db: Database, userId: number, page: Page): Promise<AccessToken[]> {
  const rows = await db
    .selectFrom('access_tokens')
    .select(COLUMNS)
    .where('user_id', '=', userId)
    .orderBy('name')
    .limit(page.limit)
    .offset(page.offset)
    .execute()
  return rows.map(toToken)
}

export async function countTokens(db: Database, userId: number): Promise<number> {
  const row = await db
    .selectFrom('access_tokens')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('user_id', '=', userId)
    .executeTakeFirstOrThrow()
  return Number(row.count)
}

/** Id of the new token, or undefined where the user has one of that name. */
export async function insertToken(
  tx: Database,
  token: Omit<AccessToken, 'id' | 'lastUseTime'>,
  hash: Buffer,
): Promise<number | undefined> {
  const row = await tx
    .insertInto('access_tokens')
    .values({
      user_id: token.userId,
      name: token.name,
      token_hash: hash,
      preset: token.preset,
      system_permissions: [...token.systemPermissions],
      project_permissions: [...token.projectPermissions],
      project_ids: token.projectIds ? [...token.projectIds] : null,
      creation_time: token.creationTime,
      expiry_time: token.expiryTime ?? null,
    })
    .onConflict((conflict) => conflict.columns(['user_id', 'name']).doNothing())
    .returning('id')
    .executeTakeFirst()
  return row?.id
}

/** Removes a token of this user; undefined where it is none of his. */
export async function deleteToken(
  tx: Database,
  userId: number,
  id: number,
): Promise<{ name: string } | undefined> {
  return await tx
    .deleteFrom('access_tokens')
    .where('user_id', '=', userId)
    .where('id', '=', id)
    .returning('name')
    .executeTakeFirst()
}

/** Writes when tokens were used last, all in one statement; never earlier than what stands there. */
export async function writeLastUses(db: Database, uses: ReadonlyMap<number, Date>): Promise<void> {
  const ids = [...uses.keys()]
  const times = [...uses.values()].map((time) => time.toISOString())
  await sql`
    UPDATE access_tokens SET last_use_time = greatest(last_use_time, used.time)
    FROM unnest(${ids}::bigint[], ${times}::timestamptz[]) AS used(id, time)
    WHERE access_tokens.id = used.id`.execute(db)
}

/** Removes the tokens of users that have been deleted. */
export async function deleteTokensOfDeletedUsers(db: Database): Promise<void> {
  await sql`
    DELETE FROM access_tokens USING users
    WHERE users.id = access_tokens.user_id AND users.deletion_time IS NOT NULL`.execute(db)
}

function toToken(row: Row): AccessToken {
  return {
    id: row.id,
    userId: row.user_id,
    name: row.name,
    preset: row.preset,
    systemPermissions: row.system_permissions as SystemPermission[],
    projectPermissions: row.project_permissions as ProjectPermission[],
    ...(row.project_ids === null ? {} : { projectIds: row.project_ids.map(Number) }),
    creationTime: row.creation_time,
    ...(row.expiry_time === null ? {} : { expiryTime: row.expiry_time }),
    ...(row.last_use_time === null ? {} : { lastUseTime: row.last_use_time }),
  }
}
