import { existsSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { administrator, createProject } from '../harness/project.ts'
import { openRegistry } from '../harness/registry.ts'
import { type RunningServer, startServer } from '../harness/server.ts'
import { gone, processTree } from './processes.ts'

let server: RunningServer

beforeEach(async () => {
  server = await startServer()
})

afterEach(async () => {
  await server.dispose()
})

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** A body of a few bytes that takes its time. */
async function* slowly(ms: number): AsyncGenerator<Buffer> {
  yield Buffer.from('begin')
  await sleep(ms)
  yield Buffer.from('end')
}

async function beginUpload(): Promise<string> {
  const { name } = await createProject(server)
  const registry = openRegistry(server.url, administrator(server))
  const answer = await registry.send({ method: 'POST', path: `/v2/${name}/slow/blobs/uploads/` })
  return new URL(answer.headers.location ?? '', server.url).pathname
}

function patch(upload: string, ms: number) {
  return openRegistry(server.url, administrator(server)).send({
    method: 'PATCH',
    path: upload,
    headers: { 'Content-Type': 'application/octet-stream' },
    body: slowly(ms),
  })
}

test('SIGTERM ends it with 0 and leaves no process and no lock behind', async () => {
  const tree = await processTree(server.pid)

  const code = await server.stop()

  expect(code).toBe(0)
  expect(await gone(tree, 2000)).toEqual([])
  expect(existsSync(path.join(server.dataDirectory, 'postgres/postmaster.pid'))).toBe(false)
})

test('SIGINT does the same', async () => {
  process.kill(server.pid, 'SIGINT')

  expect(await gone([server.pid], 5000)).toEqual([])
  expect(server.log()).toContain('"msg":"stopped"')
})

test('a request in flight is answered before it ends', async () => {
  const upload = await beginUpload()
  const request = patch(upload, 1500)
  await sleep(500)

  const begin = performance.now()
  const [answer, code] = await Promise.all([request, server.stop()])

  expect(answer.status).toBe(202)
  expect(code).toBe(0)
  expect(performance.now() - begin).toBeLessThan(5000)
})

test('while requests end it takes no new ones', async () => {
  const upload = await beginUpload()
  const request = patch(upload, 1500)
  await sleep(500)
  const stopping = server.stop()
  await sleep(300)

  const another = fetch(`${server.url}/api/v2.0/ping`)

  await expect(another).rejects.toThrow()
  expect((await request).status).toBe(202)
  expect(await stopping).toBe(0)
})

test('a request that takes too long is broken off', async () => {
  await server.restart({ PORTOLAN_DRAIN_SECONDS: '1' })
  const upload = await beginUpload()
  const request = patch(upload, 6000).catch((error: unknown) => error)
  await sleep(500)

  const begin = performance.now()
  const code = await server.stop()

  expect(code).toBe(0)
  expect(performance.now() - begin).toBeLessThan(5000)
  expect(await request).toBeInstanceOf(Error)
})

test('an idle connection that is kept alive does not hold it up', async () => {
  await (await fetch(`${server.url}/api/v2.0/ping`)).text()

  const begin = performance.now()
  await server.stop()

  expect(performance.now() - begin).toBeLessThan(3000)
})

test('a second signal ends it at once', async () => {
  const upload = await beginUpload()
  const request = patch(upload, 6000).catch((error: unknown) => error)
  await sleep(500)
  const tree = await processTree(server.pid)

  process.kill(server.pid, 'SIGTERM')
  await sleep(200)
  process.kill(server.pid, 'SIGTERM')

  expect(await gone(tree, 5000)).toEqual([])
  expect(await request).toBeInstanceOf(Error)
})
