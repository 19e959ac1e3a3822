import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Logger } from 'pino'
import { FatalError } from '../errors.ts'
import type { Database } from './database.ts'
import { MIGRATIONS_DIRECTORY, type Migration, readMigrations, statementsOf } from './migrations.ts'
import { checkDatabase } from './preflight.ts'

// Any number will do, as long as it stays: all Portolans of one database must ask for the same lock.
const LOCK = 7_076_851_900_120n
const LOCK_POLL_MS = 50

interface AppliedMigration {
  version: number
  name: string
  checksum: string
  compatibleFrom: number
}

export interface MigrateResult {
  /** Schema number of the database afterwards. */
  version: number
  /** Migrations that this call applied. */
  applied: number
}

/**
 * Brings the schema up to date. Safe when several processes do it at once (one works, the others wait
 * and find it done), and after a failure: what is done stays done, the next call goes on from there.
 *
 * A schema newer than this program is accepted with a warning where its migrations allow that.
 */
export async function migrate(
  db: Database,
  options: { log: Logger; directory?: string },
): Promise<MigrateResult> {
  const migrations = readMigrations(options.directory ?? MIGRATIONS_DIRECTORY)
  await checkDatabase(db)
  const before = await readApplied(db)
  if (before.length >= migrations.length) return accept(before, migrations, options.log)

  return await db.connection().execute(async (connection) => {
    await takeLock(connection, options.log)
    try {
      return await applyPending(connection, migrations, options.log)
    } finally {
      await sql`SELECT pg_advisory_unlock(${LOCK})`.execute(connection)
    }
  })
}

/** Refuses a schema that is not what this program knows, or newer and compatible; changes nothing. */
export async function checkSchema(db: Database, options: { log: Logger; directory?: string }): Promise<void> {
  const migrations = readMigrations(options.directory ?? MIGRATIONS_DIRECTORY)
  const applied = await readApplied(db)
  accept(applied, migrations, options.log)
  if (applied.length < migrations.length) {
    throw new FatalError(
      `the database has schema ${applied.length}, this Portolan knows ${migrations.length}: portolan migrate brings it up to date`,
    )
  }
}

/**
 * Polls instead of waiting inside a statement: `CREATE INDEX CONCURRENTLY` in the process that holds the
 * lock waits for every running statement, so a statement that waits for the lock would be a deadlock.
 */
async function takeLock(db: Database, log: Logger): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const { rows } = await sql<{ taken: boolean }>`SELECT pg_try_advisory_lock(${LOCK}) AS taken`.execute(db)
    if (rows[0]?.taken === true) return
    if (attempt === 1) log.info('waiting for another process that migrates the schema')
    await sleep(LOCK_POLL_MS)
  }
}

async function applyPending(db: Database, migrations: Migration[], log: Logger): Promise<MigrateResult> {
  await sql`
    CREATE TABLE IF NOT EXISTS schema_migrations (
      version integer PRIMARY KEY,
      name text NOT NULL,
      checksum text NOT NULL,
      compatible_from integer NOT NULL,
      applied_at timestamptz NOT NULL DEFAULT now()
    )`.execute(db)
  const applied = await readApplied(db)
  const pending = migrations.slice(applied.length)
  const result = accept(applied, migrations, log)
  for (const migration of pending) {
    await applyOne(db, migration)
    log.info({ version: migration.version, migration: migration.name }, 'schema migrated')
  }

  return { version: result.version + pending.length, applied: pending.length }
}

/** Checks that what the database has been through is what this program knows, or is compatible with. */
function accept(applied: AppliedMigration[], migrations: Migration[], log: Logger): MigrateResult {
  const own = migrations.length
  for (const [index, row] of applied.entries()) {
    const known = migrations[index]
    if (row.version !== index + 1 || (known !== undefined && known.checksum !== row.checksum)) {
      throw new FatalError(
        `the database has another migration ${row.version} (${row.name}) than this Portolan: it belongs to a different build`,
      )
    }
  }
  const version = applied.length
  const oldest = Math.max(0, ...applied.map((row) => row.compatibleFrom))
  if (version > own && oldest > own) {
    throw new FatalError(
      `the database has schema ${version}, this Portolan knows ${own}, and ${oldest} is the oldest that still works with it: use a newer Portolan`,
    )
  }
  if (version > own) {
    log.warn(
      { schema: version, known: own },
      'the database belongs to a newer Portolan, whose schema this one is compatible with',
    )
  }
  return { version, applied: 0 }
}

async function applyOne(db: Database, migration: Migration): Promise<void> {
  try {
    if (migration.transactional) {
      await db.transaction().execute(async (tx) => {
        await sql.raw(migration.sql).execute(tx)
        await record(tx, migration)
      })
    } else {
      for (const statement of statementsOf(migration.sql)) await sql.raw(statement).execute(db)
      await record(db, migration)
    }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause)
    throw new FatalError(`migration ${migration.version} (${migration.name}) failed: ${reason}`, { cause })
  }
}

async function record(db: Database, migration: Migration): Promise<void> {
  const { version, name, checksum, compatibleFrom } = migration
  await sql`
    INSERT INTO schema_migrations (version, name, checksum, compatible_from)
    VALUES (${version}, ${name}, ${checksum}, ${compatibleFrom})`.execute(db)
}

async function readApplied(db: Database): Promise<AppliedMigration[]> {
  const { rows: found } = await sql<{ there: boolean }>`
    SELECT to_regclass('schema_migrations') IS NOT NULL AS there`.execute(db)
  if (found[0]?.there !== true) return []
  const { rows } = await sql<AppliedMigration>`
    SELECT version, name, checksum, compatible_from AS "compatibleFrom"
    FROM schema_migrations ORDER BY version`.execute(db)

  return rows
}
