import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type EmbeddedServer, startEmbedded } from './server.ts'

const log = pino({ level: 'silent' })
let parent: string
let directory: string
let servers: EmbeddedServer[]

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'portolan-embedded-'))
  directory = join(parent, 'postgres')
  servers = []
})

afterEach(async () => {
  for (const server of servers) await server.stop()
  await rm(parent, { recursive: true })
})

async function start(at = directory): Promise<EmbeddedServer> {
  const server = await startEmbedded({ directory: at, maxConnections: 5, log })
  servers.push(server)

  return server
}

async function ask(server: EmbeddedServer, query: string): Promise<Record<string, unknown>> {
  const client = new pg.Client(server.connection)
  // The server may break the connection before we have left.
  client.on('error', () => undefined)
  await client.connect()
  const { rows } = await client.query<Record<string, unknown>>(query)
  await client.end()

  return rows.at(-1) ?? {}
}

test('what was written is there after a stop and a start', async () => {
  const first = await start()
  await ask(first, 'CREATE TABLE kept AS SELECT 7 AS id')
  await first.stop()

  const second = await start()

  expect(await ask(second, 'SELECT id FROM kept')).toEqual({ id: 7 })
})

test('it is durable, listens on no network, sorts by code point and speaks UTF-8', async () => {
  const server = await start()

  const facts = await ask(
    server,
    `SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit,
            current_setting('full_page_writes') AS pages, current_setting('data_checksums') AS checksums,
            current_setting('listen_addresses') AS addresses, current_setting('server_encoding') AS encoding,
            'Z' < 'a' AS "byCodePoint", upper('ä') AS upper`,
  )

  expect(facts).toEqual({
    fsync: 'on',
    commit: 'on',
    pages: 'on',
    checksums: 'on',
    addresses: '',
    encoding: 'UTF8',
    byCodePoint: true,
    upper: 'Ä',
  })
})

test('its files, and with them its socket, are closed to other users', async () => {
  const server = await start()

  const { mode } = await stat(directory)

  expect(mode & 0o077).toBe(0)
  expect(await readdir(directory)).toContain('.s.PGSQL.5432')
  expect(server.pid).toBeGreaterThan(1)
})

test('it never runs as root', async () => {
  const server = await start()

  const { uid } = await stat(`/proc/${server.pid}`)

  expect(uid).not.toBe(0)
})

test('a path too long for a socket does not matter', async () => {
  const deep = join(parent, 'x'.repeat(120), 'y'.repeat(120))
  await mkdir(deep, { recursive: true })

  const server = await start(join(deep, 'postgres'))

  expect(await ask(server, 'SELECT 1 AS one')).toEqual({ one: 1 })
})

test('a server left over from a start that was killed is stopped, and a new one takes its place', async () => {
  const orphan = await start()
  await ask(orphan, 'CREATE TABLE kept AS SELECT 7 AS id')

  const server = await start()

  await expect(orphan.failed).resolves.toBeInstanceOf(Error)
  expect(await ask(server, 'SELECT id FROM kept')).toEqual({ id: 7 })
})

test('a server killed on the spot leaves nothing that stands in the way', async () => {
  const killed = await start()
  await ask(killed, 'CREATE TABLE kept AS SELECT 7 AS id')
  process.kill(killed.pid, 'SIGKILL')
  await killed.failed

  const server = await start()

  expect(await ask(server, 'SELECT id FROM kept')).toEqual({ id: 7 })
})

test('lock files whose number belongs to another process by now are stale', async () => {
  const first = await start()
  await first.stop()
  await writeFile(join(directory, 'postmaster.pid'), `${process.pid}\n/elsewhere\n`)
  await writeFile(join(directory, '.s.PGSQL.5432.lock'), `${process.pid}\n/elsewhere\n`)

  const server = await start()

  expect(await ask(server, 'SELECT 1 AS one')).toEqual({ one: 1 })
})

test('what an interrupted first start left behind is removed', async () => {
  await mkdir(`${directory}.new-1-abc/base`, { recursive: true })

  await start()

  expect(await readdir(parent)).toEqual(['postgres'])
})

test('files of a newer PostgreSQL are refused and stay as they are', async () => {
  await mkdir(directory)
  await writeFile(join(directory, 'PG_VERSION'), '19\n')

  await expect(start()).rejects.toThrow(
    `${directory} was made by PostgreSQL 19, this Portolan brings PostgreSQL 18: use the newer Portolan`,
  )
  expect(await readdir(directory)).toEqual(['PG_VERSION'])
  expect(await readFile(join(directory, 'PG_VERSION'), 'utf8')).toBe('19\n')
})

test('what PostgreSQL says when it does not start is the reason given', async () => {
  const first = await start()
  await first.stop()

  const attempt = startEmbedded({ directory, maxConnections: 5, log, settings: { shared_buffers: 'much' } })

  await expect(attempt).rejects.toThrow('invalid value for parameter "shared_buffers": "much"')
})

test('stopping twice is stopping once', async () => {
  const server = await start()

  await Promise.all([server.stop(), server.stop()])

  expect(existsSync(join(directory, 'postmaster.pid'))).toBe(false)
})
