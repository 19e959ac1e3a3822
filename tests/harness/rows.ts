import path from 'node:path'
import pg from 'pg'
import type { RunningServer } from './server.ts'

/** What is written behind whatever has happened, or by the clock. */
const BEHIND = new Set([
  'audit_counts',
  'audit_log',
  'audit_user_counts',
  'event_subscribers',
  'legacy_audit_log',
  'workers',
])
const PATIENCE_MS = 10_000

/** Everything that the database of a server holds, table by table. */
export interface Rows {
  /** One digest per table. */
  read(): Promise<Map<string, string>>
  /** The same, once nothing goes on any more behind the scenes. */
  settle(): Promise<Map<string, string>>
  close(): Promise<void>
}

/** Looks into the embedded database of a running server. */
export async function openRows(server: RunningServer): Promise<Rows> {
  const client = new pg.Client({
    host: path.join(server.dataDirectory, 'postgres'),
    port: 5432,
    user: 'portolan',
    database: 'postgres',
  })
  await client.connect()
  const { rows: tables } = await client.query<{ name: string }>(
    "SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition",
  )
  const statement = tables
    .filter(({ name }) => !BEHIND.has(name))
    .map(
      ({ name }) =>
        `SELECT '${name}' AS name, md5(coalesce(string_agg(t::text, ' ' ORDER BY t::text), '')) AS digest FROM ${name} t`,
    )
    .join(' UNION ALL ')

  async function read(): Promise<Map<string, string>> {
    const { rows } = await client.query<{ name: string; digest: string }>(statement)
    return new Map(rows.map(({ name, digest }) => [name, digest]))
  }

  return {
    read,
    async settle() {
      const deadline = Date.now() + PATIENCE_MS
      let before = await read()
      for (;;) {
        await new Promise((resolve) => setTimeout(resolve, 150))
        const now = await read()
        if (changedTables(before, now).length === 0 || Date.now() > deadline) return now
        before = now
      }
    },
    close: () => client.end(),
  }
}

/** The tables in which something is not as it was. */
export function changedTables(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): string[] {
  return [...after].filter(([name, digest]) => before.get(name) !== digest).map(([name]) => name)
}
