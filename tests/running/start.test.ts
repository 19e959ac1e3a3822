import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, stat } from 'node:fs/promises'
import net from 'node:net'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type TemporaryDirectory, temporaryDirectory } from '../harness/directory.ts'
import { changedTables, openRows } from '../harness/rows.ts'
import { type RunningServer, startServer } from '../harness/server.ts'
import { bare, node, program } from './portolan.ts'
import { memoryOf, processTree } from './processes.ts'
import type { StartWork } from './start-work.ts'

// How long a start takes is measured in bench/. What it does is counted here, and is the same on every machine.

const MB = 1024 * 1024
const COUNTING = `--import=${JSON.stringify(path.join(import.meta.dirname, 'start-work.ts'))}`
/** For what not everybody uses, and large: read where somebody does. */
const NOT_FOR_EVERYBODY = /node_modules\/(@aws-sdk|@smithy|@opentelemetry|prom-client|undici)\//
let server: RunningServer | undefined
let place: TemporaryDirectory

beforeEach(async () => {
  place = await temporaryDirectory('start')
})

afterEach(async () => {
  await server?.dispose()
  server = undefined
  await place.remove()
})

/** Starts a server that counts; what is compiled is kept in `place`. */
async function startCounting(): Promise<RunningServer> {
  server = await startServer({
    env: {
      NODE_OPTIONS: COUNTING,
      START_WORK: path.join(place.path, 'work'),
      XDG_CACHE_HOME: path.join(place.path, 'cache'),
    },
  })
  return server
}

/** What the last start has done. */
async function workOfStart(): Promise<StartWork> {
  return JSON.parse(await readFile(path.join(place.path, 'work'), 'utf8'))
}

/** When each file that compiled code is kept in was written last. */
async function compiledCode(): Promise<Record<string, number>> {
  const directory = path.join(place.path, 'cache')
  const files = await readdir(directory, { recursive: true, withFileTypes: true })
  const names = files.filter((file) => file.isFile()).map((file) => path.join(file.parentPath, file.name))
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, (await stat(name)).mtimeMs] as const)),
  )
}

test('a start reads the program and what it needs, asks the database little, and runs PostgreSQL beside it', async () => {
  await startCounting()
  const first = await workOfStart()
  await server?.restart()
  const later = await workOfStart()

  expect(later.modules.filter((url) => NOT_FOR_EVERYBODY.test(url))).toEqual([])
  // 2170 when this was written; what a package brings along unnoticed, or a barrel, is hundreds.
  expect(later.modules.length).toBeGreaterThan(1000)
  expect(later.modules.length).toBeLessThan(2450)
  expect(first.modules.length).toBe(later.modules.length)
  // With each PostgreSQL comes the shell that ends it where nobody is left.
  expect(first.programs).toEqual(['initdb', 'sh', 'postgres', 'sh'])
  expect(later.programs).toEqual(['postgres', 'sh'])
  expect(later.threads).toBe(0)
  // 23 over 14 connections when this was written, and 216 with the migrations.
  expect(later.statements).toBeGreaterThan(10)
  expect(later.statements).toBeLessThan(35)
  expect(later.connections).toBeLessThan(20)
  expect(first.statements).toBeLessThan(300)
})

test('what the first start has made, a later one finds: schema, keys, administrator, compiled code', async () => {
  const first = await startCounting()
  const rows = await openRows(first)
  const before = await rows.settle()
  await rows.close()
  const key = await stat(path.join(first.dataDirectory, 'secret.key'))
  const applied = first.log().split('schema migrated').length
  await first.stop()
  const compiled = await compiledCode()

  await first.restart()

  expect(applied).toBeGreaterThan(40)
  expect(first.log().split('schema migrated').length).toBe(applied)
  const rowsLater = await openRows(first)
  expect(changedTables(before, await rowsLater.settle())).toEqual([])
  await rowsLater.close()
  const keyLater = await stat(path.join(first.dataDirectory, 'secret.key'))
  expect([keyLater.ino, keyLater.mtimeMs]).toEqual([key.ino, key.mtimeMs])
  await first.stop()
  expect(Object.keys(compiled).length).toBeGreaterThan(500)
  expect(await compiledCode()).toEqual(compiled)
})

test('the program is read while the database has not answered yet', async () => {
  // Takes connections, and says nothing.
  const silent = net.createServer().listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const { port } = silent.address() as net.AddressInfo
  const child = spawn(node, [program, 'serve'], {
    cwd: place.path,
    env: {
      ...process.env,
      ...bare,
      NODE_OPTIONS: COUNTING,
      PORTOLAN_DATA_DIRECTORY: place.path,
      PORTOLAN_DATABASE_URL: `postgres://somebody@127.0.0.1:${port}/portolan`,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  try {
    let said = ''
    for await (const chunk of child.stderr) {
      said += String(chunk)
      if (said.includes('reads the whole program')) break
    }
    expect(said).toContain('reads the whole program')
  } finally {
    child.kill('SIGKILL')
    silent.close()
  }
})

test('idle, the whole process tree takes less than 180 MB', async () => {
  server = await startServer()
  await fetch(`${server.url}/api/v2.0/health`)
  // Longer than connections to the database stay open unused.
  await new Promise((resolve) => setTimeout(resolve, 12_000))

  const memory = await memoryOf(await processTree(server.pid))

  expect(memory).toBeGreaterThan(30 * MB)
  expect(memory).toBeLessThan(180 * MB)
})
