import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { administrator, createProject } from '../harness/project.ts'
import { openRegistry } from '../harness/registry.ts'
import { type RunningServer, startServer } from '../harness/server.ts'
import { gone, processTree } from './processes.ts'

let server: RunningServer

/** Longer than any of these tests may take: who waits for the end of it is found out. */
const DRAIN = { PORTOLAN_DRAIN_SECONDS: '100' }

beforeEach(async () => {
  server = await startServer({ env: DRAIN })
})

afterEach(async () => {
  await server.dispose()
})

/** A body of a few bytes that waits for somebody. */
async function* held(until: Promise<void>): AsyncGenerator<Buffer> {
  yield Buffer.from('begin')
  await until
  yield Buffer.from('end')
}

async function beginUpload(): Promise<string> {
  const { name } = await createProject(server)
  const registry = openRegistry(server.url, administrator(server))
  const answer = await registry.send({ method: 'POST', path: `/v2/${name}/slow/blobs/uploads/` })
  return new URL(answer.headers.location ?? '', server.url).pathname
}

/** A request whose body has begun; `end` sends the rest. */
async function beginRequest() {
  const upload = await beginUpload()
  const { promise, resolve: end } = Promise.withResolvers<void>()
  const request = openRegistry(server.url, administrator(server))
    .send({
      method: 'PATCH',
      path: upload,
      headers: { 'Content-Type': 'application/octet-stream' },
      body: held(promise),
    })
    .catch((error: unknown) => error as Error)
  const uploads = path.join(server.dataDirectory, 'storage/_uploads')
  await expect.poll(() => readdir(uploads), { timeout: 20_000 }).not.toEqual([])

  return { request, end }
}

const isStopping = () => expect.poll(() => server.log(), { timeout: 20_000 }).toContain('"msg":"stopping"')

test('SIGTERM ends it with 0 and leaves no process and no lock behind', async () => {
  const tree = await processTree(server.pid)

  const code = await server.stop()

  expect(code).toBe(0)
  expect(await gone(tree, 20_000)).toEqual([])
  expect(existsSync(path.join(server.dataDirectory, 'postgres/postmaster.pid'))).toBe(false)
})

test('SIGINT does the same', async () => {
  process.kill(server.pid, 'SIGINT')

  expect(await gone([server.pid], 20_000)).toEqual([])
  expect(server.log()).toContain('"msg":"stopped"')
})

test('a request in flight is answered before it ends', async () => {
  const { request, end } = await beginRequest()

  const stopping = server.stop()
  await isStopping()
  end()

  expect(await request).toMatchObject({ status: 202 })
  expect(await stopping).toBe(0)
})

test('while requests end it takes no new ones', async () => {
  const { request, end } = await beginRequest()
  const stopping = server.stop()

  const another = () =>
    fetch(`${server.url}/api/v2.0/ping`).then(
      () => 'answered',
      () => 'refused',
    )

  await expect.poll(another, { timeout: 20_000 }).toBe('refused')
  end()
  expect(await request).toMatchObject({ status: 202 })
  expect(await stopping).toBe(0)
})

test('a request that takes too long is broken off', async () => {
  await server.restart({ PORTOLAN_DRAIN_SECONDS: '1' })
  const { request, end } = await beginRequest()

  expect(await server.stop()).toBe(0)

  end()
  expect(await request).toBeInstanceOf(Error)
})

test('an idle connection that is kept alive does not hold it up', async () => {
  await (await fetch(`${server.url}/api/v2.0/ping`)).text()

  expect(await server.stop()).toBe(0)
})

test('a second signal ends it at once', async () => {
  const { request, end } = await beginRequest()
  const tree = await processTree(server.pid)

  process.kill(server.pid, 'SIGTERM')
  await isStopping()
  process.kill(server.pid, 'SIGTERM')

  expect(await gone(tree, 20_000)).toEqual([])
  end()
  expect(await request).toBeInstanceOf(Error)
})
