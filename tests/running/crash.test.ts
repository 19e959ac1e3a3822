import { mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type TemporaryDirectory, temporaryDirectory } from '../harness/directory.ts'
import { administrator, createProject } from '../harness/project.ts'
import { openRegistry } from '../harness/registry.ts'
import { type RunningServer, startServer } from '../harness/server.ts'
import { startAndKill } from './portolan.ts'
import { gone, processTree } from './processes.ts'

let directory: TemporaryDirectory
let server: RunningServer | undefined

beforeEach(async () => {
  directory = await temporaryDirectory('crash')
  server = undefined
})

afterEach(async () => {
  await server?.dispose()
  await directory.remove()
})

// From before the first file is made, through initdb and the migrations, until it is ready.
const moments = [30, 100, 200, 350, 500, 700, 900, 1200]

test('killed at any moment of the first start, the next start needs no hand', {
  timeout: 240_000,
}, async () => {
  for (const moment of moments) {
    const dataDirectory = path.join(directory.path, `after-${moment}`)
    await mkdir(dataDirectory)
    await startAndKill(directory.path, moment, dataDirectory)

    const next = await startServer({ dataDirectory, env: { PORTOLAN_ADMIN_PASSWORD: '' } })

    const password = (await readFile(path.join(dataDirectory, 'admin-password'), 'utf8')).trim()
    const registry = openRegistry(next.url, { username: 'admin', password })
    expect(
      (await registry.send({ path: '/api/v2.0/users/current' })).status,
      `killed after ${moment} ms`,
    ).toBe(200)
    expect(await next.stop()).toBe(0)
  }
})

test('killed again and again, it keeps what was acknowledged', { timeout: 240_000 }, async () => {
  server = await startServer({ dataDirectory: directory.path })
  const { id } = await createProject(server)
  for (const moment of [50, 150, 250, 350, 450]) {
    await server.kill()
    await startAndKill(directory.path, moment, directory.path)
    server = await startServer({ dataDirectory: directory.path })

    const registry = openRegistry(server.url, administrator(server))
    expect((await registry.send({ path: `/api/v2.0/projects/${id}` })).status).toBe(200)
  }
})

test('a killed server leaves no process behind', async () => {
  server = await startServer({ dataDirectory: directory.path })
  const tree = await processTree(server.pid)

  await server.kill()

  expect(tree.length).toBeGreaterThan(5)
  expect(await gone(tree, 20_000)).toEqual([])
})

test('killed together with everything that it started, the next start needs no hand', async () => {
  server = await startServer({ dataDirectory: directory.path })
  const tree = await processTree(server.pid)

  for (const pid of tree) process.kill(pid, 'SIGKILL')
  await gone(tree, 20_000)
  await server.restart()

  expect((await fetch(`${server.url}/api/v2.0/ping`)).status).toBe(200)
})

test('when its database is killed it ends with a failure, and the next start works', async () => {
  server = await startServer({ dataDirectory: directory.path })
  const [first = ''] = (await readFile(path.join(directory.path, 'postgres/postmaster.pid'), 'utf8')).split(
    '\n',
  )

  process.kill(Number(first), 'SIGKILL')
  const left = await gone([server.pid], 10_000)
  await server.restart()

  expect(left).toEqual([])
  expect(server.log()).toContain('portolan: the embedded PostgreSQL has ended by itself')
  expect((await fetch(`${server.url}/api/v2.0/ping`)).status).toBe(200)
})
