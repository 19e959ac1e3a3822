import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { purgeAbandonedUploads } from '../../blobs/purge.ts'
import type { Database } from '../../platform/db/database.ts'
import { createTestDatabase } from '../../platform/db/testing.ts'
import { openFilesystemDriver } from '../../storage/drivers/filesystem/filesystem-driver.ts'
import type { FileSystem } from '../../storage/drivers/filesystem/fs.ts'
import { guardDriver } from '../../storage/guarded-driver.ts'
import { openProgram, type Program } from './program.ts'
import { brokenPromises } from './promises.ts'
import { runScrub } from './run-scrub.ts'
import { APP, type Scenario, type Stage } from './scenarios.ts'

/** A database for many runs of a scenario, each of which finds it as new. */
export interface World {
  db: Database
  url: string
  /** Empties it, and makes the project `p`. */
  renew(): Promise<void>
  drop(): Promise<void>
}

export async function openWorld(): Promise<World> {
  const { db, url, drop } = await createTestDatabase()
  const tables = await emptyTables(db)
  const emptying = [
    // Without the checks of what refers to what.
    'SET session_replication_role = replica',
    ...tables.map((table) => `DELETE FROM ${table}`),
    'SET session_replication_role = origin',
  ].join(';')

  return {
    db,
    url,
    drop,
    async renew() {
      await sql.raw(emptying).execute(db)
      await sql`WITH owner AS (INSERT INTO users (username) VALUES ('owner') RETURNING id)
        INSERT INTO projects (name, owner_id) SELECT 'p', id FROM owner`.execute(db)
    },
  }
}

/** Those that the schema brings no rows for. */
async function emptyTables(db: Database): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public'`.execute(db)
  const tables: string[] = []
  for (const { name } of rows) {
    const found = await sql.raw(`SELECT FROM ${name} LIMIT 1`).execute(db)
    if (found.rows.length === 0) tables.push(name)
  }
  return tables
}

/** A directory for one run, gone behind it. */
export async function inDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'portolan-faults-'))
  try {
    return await work(directory)
  } finally {
    await rm(directory, { recursive: true })
  }
}

/** What is put at once, in bytes: less than what a filesystem would have so, and both ways are gone with few bytes. */
const PUTS_UP_TO = 4000

/** How uploads are written: more than any but one holds are in a batch. */
const WRITES = { batch: 8 * 1024, sync: 32 * 1024 }

/** A process over a directory and the database. */
export async function openOver(db: Database, directory: string, fs: FileSystem): Promise<Program> {
  const driver = await openFilesystemDriver(directory, fs, WRITES)
  return await openProgram(db, guardDriver({ ...driver, putsUpTo: PUTS_UP_TO }))
}

/**
 * Clients come back to what was interrupted, and do it again, without a fault; then everything is as it would be without the
 * interruption, once the sweep and the scrub have been there. Answers what is not.
 */
export async function comeBack(scenario: Scenario, stage: Stage, directory: string): Promise<string[]> {
  const { programs, clients, promises } = stage
  try {
    for (const location of [...promises.uploads.keys()]) await clients[1].resume(APP, location)
    for (const [location, { repository, last, whole }] of [...promises.ending])
      await clients[1].finish(repository, location, last, whole)
    await scenario.work(stage)
  } catch (error) {
    return [`cannot be repeated: ${String(error)}`]
  }
  const broken: string[] = []
  // Whatever is there now is old enough.
  promises.uploads.clear()
  await purgeAbandonedUploads(programs[0].uploads, -1)
  const left = await readdir(join(directory, '_uploads'))
  if (left.length > 0) broken.push(`${left.length} uploads are left behind`)
  await runScrub(programs[0])
  return [...broken, ...(await brokenPromises(programs[0], promises, scenario.leaves ?? []))]
}
