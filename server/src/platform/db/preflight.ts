import { sql } from 'kysely'
import { FatalError } from '../errors.ts'
import type { Database } from './database.ts'

/** Oldest PostgreSQL that Portolan works with, as `server_version_num`. */
const OLDEST_VERSION = 150_000

/** What must hold before anything is changed; the first thing that does not is a `FatalError`. */
export async function checkDatabase(db: Database): Promise<void> {
  const { rows } = await sql<Facts>`
    SELECT current_setting('server_version_num')::int AS version,
           current_setting('server_version') AS "versionText",
           current_setting('server_encoding') AS encoding,
           pg_is_in_recovery() AS standby,
           current_schema() AS schema,
           coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) AS creates,
           current_user AS role`.execute(db)
  const problem = rows[0] === undefined ? 'it does not answer' : problemOf(rows[0])
  if (problem !== undefined) throw new FatalError(`the database cannot be used: ${problem}`)
}

interface Facts {
  version: number
  versionText: string
  encoding: string
  standby: boolean
  schema: string | null
  creates: boolean
  role: string
}

function problemOf(facts: Facts): string | undefined {
  if (facts.version < OLDEST_VERSION)
    return `it is PostgreSQL ${facts.versionText}, 15 is the oldest supported`
  if (facts.encoding !== 'UTF8') return `its encoding is ${facts.encoding}, it must be UTF8`
  if (facts.standby) return 'it is a read-only standby'
  if (facts.schema === null) return `role ${facts.role} has no schema in its search_path`
  if (!facts.creates) return `role ${facts.role} may not create tables in schema ${facts.schema}`

  return undefined
}
