import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient } from 'kysely'
import pg from 'pg'
import { ignore } from '../../lib/ignore.ts'
import type { Database } from '../../platform/db/database.ts'
import type { Tables } from '../../platform/db/tables.ts'
import type { Gate, Operation } from '../../storage/drivers/filesystem/testing-gate.ts'

/** A database whose every statement passes a gate. */
export interface GatedDatabase {
  db: Database
  /** Cuts every connection: what was not committed is rolled back. */
  cutOff(): void
  /** Connections that somebody has taken and not given back. */
  inUse(): number
  close(): Promise<void>
}

/** An error of a connection that is gone; what it was doing may be done or not. */
export function connectionLost(): Error {
  return new Error('Connection terminated unexpectedly')
}

/** Opens the database at `url` behind a gate. */
export function openGatedDatabase(url: string, gate: Gate): GatedDatabase {
  const types: pg.CustomTypesConfig = {
    getTypeParser: (oid, format) =>
      oid === 20 ? Number : (pg.types.getTypeParser(oid as number, format) as (value: string) => unknown),
  }
  const pool = new pg.Pool({ connectionString: url, max: 10, types })
  pool.on('error', ignore)
  pool.on('connect', (client) => client.on('error', ignore))
  const clients = new Map<pg.PoolClient, PostgresPoolClient>()
  let isCut = false

  const gated: PostgresPool = {
    async connect() {
      if (isCut) throw connectionLost()
      const client = await pool.connect()
      const known = clients.get(client) ?? gateClient(client, gate, () => isCut)
      clients.set(client, known)
      return known
    },
    end: () => pool.end(),
  }
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: gated }) })

  return {
    db,
    cutOff() {
      isCut = true
    },
    inUse: () => pool.totalCount - pool.idleCount,
    close: () => db.destroy(),
  }
}

function gateClient(client: pg.PoolClient, gate: Gate, isCut: () => boolean): PostgresPoolClient {
  let inTransaction = false
  let isLost = false

  async function query(text: string, values: readonly unknown[]): Promise<pg.QueryResult> {
    if (isCut() || isLost) throw connectionLost()
    const operation = describe(text, inTransaction)
    try {
      await gate.before(operation)
      const result = await client.query(text, [...values])
      if (operation.what === 'begin') inTransaction = true
      if (operation.what === 'commit' || operation.what === 'rollback') inTransaction = false
      await gate.after?.(operation)
      return result
    } catch (error) {
      isLost ||= isLostConnection(error)
      throw error
    }
  }

  return {
    query: query as unknown as PostgresPoolClient['query'],
    release: () => client.release(isCut() || isLost),
  }
}

function describe(text: string, inTransaction: boolean): Operation {
  const [word = ''] = /^[a-z]+/i.exec(text.trim()) ?? []
  const verb = word.toLowerCase()
  const control = { begin: 'begin', start: 'begin', commit: 'commit', rollback: 'rollback' }[verb]
  const isRead = control === undefined && !/\b(insert|update|delete|truncate)\b/i.test(text)
  const what = control ?? (isRead ? 'read' : 'write')

  return {
    of: 'database',
    what,
    subject: text,
    lasting: what === 'commit' || (what === 'write' && !inTransaction),
  }
}

function isLostConnection(error: unknown): boolean {
  return error instanceof Error && error.message === connectionLost().message
}
