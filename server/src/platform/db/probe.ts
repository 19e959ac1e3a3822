import pg from 'pg'
import { ignore } from '../../lib/ignore.ts'
import { FatalError } from '../errors.ts'

const CONNECT_TIMEOUT_MS = 10_000

/** Connects once to an external database, to say in one line why that is not possible. */
export async function probe(connection: pg.PoolConfig): Promise<void> {
  const client = new pg.Client({ ...connection, connectionTimeoutMillis: CONNECT_TIMEOUT_MS })
  // A server that breaks the connection while we leave is none of our business.
  client.on('error', ignore)
  try {
    await client.connect()
  } catch (cause) {
    throw new FatalError(`database.url: ${connectProblem(client, cause as Error & { code?: string })}`, {
      cause,
    })
  }
  await client.end()
}

function connectProblem(client: pg.Client, error: Error & { code?: string }): string {
  switch (error.code) {
    case '28P01':
    case '28000':
      return `the database at ${client.host} refuses user ${client.user}`
    case '3D000':
      return `there is no database ${client.database} at ${client.host}`
    case '53300':
      return `the database at ${client.host} takes no more connections`
    case undefined:
      return `the database at ${client.host}:${client.port} cannot be used: ${error.message.split('\n')[0]}`
    default:
      return `the database at ${client.host}:${client.port} cannot be reached (${error.code})`
  }
}
