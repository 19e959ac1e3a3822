import { type PostgresPool, type PostgresPoolClient, sql } from 'kysely'
import type pg from 'pg'
import { BEGIN, COMMIT, runFramed } from './framed-query.ts'

/** A text is prepared once it has come so often: what is asked once in a while is not worth keeping. */
const FROM = 3
/** So many texts are kept prepared by each connection at most, and so many counted. */
const MOST = 150
const MOST_COUNTED = 1000
/** What a schema that a newer version migrates adds to would change the answer of, and PostgreSQL refuses then. */
const OPEN_ENDED = /^\s*select \*|returning \*|"\.\*/i
const PLAN_CHANGED = '0A000'

/**
 * The same pool, whose connections keep statements prepared: PostgreSQL reads, checks and plans each text once a connection,
 * not once a call. For the few texts that the data plane sends all the time; lists are better planned anew for what
 * they ask each time.
 */
export function preparing(pool: pg.Pool): PostgresPool {
  const names = createNames()
  const clients = new WeakMap<pg.PoolClient, PostgresPoolClient>()

  return {
    async connect() {
      const client = await pool.connect()
      const known = clients.get(client) ?? prepareOn(client, names)
      clients.set(client, known)
      return known
    },
    // The pool is ended by whoever opened it.
    end: async () => undefined,
  }
}

const MARK = '/* last */'
/** At the beginning of a statement that is the last one of its transaction, which is committed with it where that is possible. */
export const LAST = sql.raw(MARK)

function prepareOn(client: pg.PoolClient, names: Names): PostgresPoolClient {
  /** Names of what this connection has prepared. */
  const prepared = new Set<string>()
  let state: 'idle' | 'to begin' | 'begun' | 'committed' = 'idle'

  async function run(name: string, text: string, values: readonly unknown[]): Promise<pg.QueryResult> {
    const config = { name, text, values: [...values] }
    const frame = {
      begins: state === 'to begin',
      ends: state !== 'idle' && prepared.has(COMMIT) && text.startsWith(MARK),
    }
    const isFramed = prepared.has(name) && (frame.begins || frame.ends)
    if (frame.begins) {
      if (!isFramed) await client.query({ name: BEGIN, text: BEGIN })
      state = 'begun'
    }
    const result = await (isFramed ? runFramed(client, config, frame) : client.query(config))
    prepared.add(name)
    if (isFramed && frame.ends) state = 'committed'
    return result
  }

  async function statement(text: string, values: readonly unknown[]): Promise<pg.QueryResult> {
    if (state === 'committed') throw new Error('the transaction has ended with its last statement')
    const name = values.length > 0 ? names.of(text) : undefined
    if (name === undefined) {
      if (state === 'to begin') await client.query({ name: BEGIN, text: BEGIN })
      if (state === 'to begin') state = 'begun'
      return await client.query(text, [...values])
    }
    try {
      return await run(name, text, values)
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === PLAN_CHANGED) names.forget(text)
      throw error
    }
  }

  /** Sent with the first statement, if the connection has prepared it, as it has after its first transaction. */
  async function begin(): Promise<void> {
    state = 'to begin'
    if (prepared.has(BEGIN)) return
    await client.query({ name: BEGIN, text: BEGIN })
    prepared.add(BEGIN)
    state = 'begun'
  }

  async function end(text: typeof COMMIT | 'rollback'): Promise<void> {
    const was = state
    state = 'idle'
    if (was === 'to begin' || was === 'committed') return
    await client.query({ name: text, text })
    prepared.add(text)
  }

  // Cursors, the other form of `query`, are not used by us.
  async function query(text: string, values: readonly unknown[]) {
    if (text === BEGIN) await begin()
    else if (text === COMMIT || text === 'rollback') await end(text)
    else return await statement(text, values)
    return { command: text, rowCount: 0, rows: [] }
  }

  return {
    query: query as unknown as PostgresPoolClient['query'],
    release() {
      state = 'idle'
      client.release()
    },
  }
}

interface Names {
  /** Undefined for a text that is not to be prepared (yet). */
  of(text: string): string | undefined
  /** From now on another name: what connections have prepared under this one is of no use. */
  forget(text: string): void
}

function createNames(): Names {
  const names = new Map<string, string>()
  const counts = new Map<string, number>()
  let last = 0

  return {
    of(text) {
      const name = names.get(text)
      if (name !== undefined || names.size >= MOST) return name
      const count = (counts.get(text) ?? 0) + 1
      if (count < FROM || OPEN_ENDED.test(text)) {
        if (counts.size >= MOST_COUNTED) counts.clear()
        counts.set(text, count)
        return undefined
      }
      counts.delete(text)
      last += 1
      names.set(text, `s${last}`)
      return names.get(text)
    },
    forget(text) {
      names.delete(text)
    },
  }
}
