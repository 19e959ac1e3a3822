import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** One numbered file of `migrations/`, such as `0002_robots.sql`. */
export interface Migration {
  version: number
  name: string
  sql: string
  /** SHA-256 of the file, hex. */
  checksum: string
  /**
   * The oldest schema number whose program can still work after this migration, from the line
   * `-- portolan: compatible-from N`. Without the line: its own number, nothing older can.
   */
  compatibleFrom: number
  /** `-- portolan: no-transaction`: statement by statement (each ends a line with `;`), safe to run again. */
  transactional: boolean
}

/** Where the program's own migrations are. */
export const MIGRATIONS_DIRECTORY = fileURLToPath(new URL('./migrations/', import.meta.url))

/** Reads all migrations of a directory; their numbers must run from 1 without a gap. */
export function readMigrations(directory: string): Migration[] {
  const files = readdirSync(directory).filter((file) => file.endsWith('.sql'))

  return files
    .sort()
    .map((file, index) => parseMigration(file, readFileSync(join(directory, file), 'utf8'), index + 1))
}

function parseMigration(file: string, sql: string, expected: number): Migration {
  const [, digits, name] = /^(\d{4})_([a-z0-9_]+)\.sql$/.exec(file) ?? []
  const version = Number(digits)
  if (name === undefined || version !== expected) {
    throw new Error(`migration ${file} should be called ${String(expected).padStart(4, '0')}_<name>.sql`)
  }
  const compatible = /^-- portolan: compatible-from (\d+)$/m.exec(sql)?.[1]

  return {
    version,
    name,
    sql,
    checksum: createHash('sha256').update(sql).digest('hex'),
    compatibleFrom: compatible === undefined ? version : Number(compatible),
    transactional: !/^-- portolan: no-transaction$/m.test(sql),
  }
}

/** The statements of a migration without a transaction. */
export function statementsOf(sql: string): string[] {
  return sql
    .split(/;[ \t]*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement.replace(/^--.*$/gm, '').trim() !== '')
}
