import path from 'node:path'
import pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type RunningServer, startServer } from '../harness/server.ts'
import { complaint, portolan } from './portolan.ts'

let server: RunningServer

beforeEach(async () => {
  server = await startServer()
})

afterEach(async () => {
  await server.dispose()
})

/** Speaks to the embedded database of the running server. */
async function query(statement: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({
    host: path.join(server.dataDirectory, 'postgres'),
    user: 'portolan',
    database: 'postgres',
  })
  await client.connect()
  const { rows } = await client.query<Record<string, unknown>>(statement)
  await client.end()
  return rows
}

/** Leaves the database as a Portolan of tomorrow would, whose schema works with programs from `compatibleFrom` on. */
async function migrateToTomorrow(compatibleFrom: string): Promise<void> {
  await query(`
    INSERT INTO schema_migrations (version, name, checksum, compatible_from)
    SELECT max(version) + 1, 'of_tomorrow', 'x', ${compatibleFrom} FROM schema_migrations`)
}

test('a schema too new for this program is refused in one line, and left alone', async () => {
  await migrateToTomorrow('max(version) + 1')
  const before = await query('SELECT * FROM schema_migrations')
  await server.stop()

  const result = await portolan(['serve'], {
    cwd: '/',
    env: { PORTOLAN_DATA_DIRECTORY: server.dataDirectory },
  })

  expect(complaint(result)).toMatch(
    /^portolan: the database has schema \d+, this Portolan knows \d+, and \d+ is the oldest that still works with it: use a newer Portolan$/,
  )
  expect(before.at(-1)).toMatchObject({ name: 'of_tomorrow' })
})

test('beside a newer schema that allows it this program works, and says so', async () => {
  await migrateToTomorrow('max(version)')

  await server.restart()

  expect(server.log()).toContain('the database belongs to a newer Portolan')
  expect((await fetch(`${server.url}/api/v2.0/ping`)).status).toBe(200)
})

test('the database takes no connection over the network', async () => {
  const rows = await query(
    `SELECT inet_server_addr() IS NULL AS local, current_setting('listen_addresses') AS listens`,
  )

  expect(rows).toEqual([{ local: true, listens: '' }])
})

test('portolan migrate makes the schema without starting the server, and says when there is nothing to do', async () => {
  await server.stop()
  const dataDirectory = path.join(server.dataDirectory, 'another')
  const migrate = () => portolan(['migrate'], { cwd: '/', env: { PORTOLAN_DATA_DIRECTORY: dataDirectory } })

  const first = await migrate()
  const second = await migrate()

  expect(first.stdout).toMatch(/^schema \d+, [1-9]\d* migrations? applied\n$/)
  expect(second.stdout).toMatch(/^schema \d+, nothing to do\n$/)
})
