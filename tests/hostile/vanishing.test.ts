import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { beforeAll, expect, test } from 'vitest'
import { blob, type Content, digestOf, IMAGE } from '../harness/content.ts'
import { eventually, heldBy, residentSize } from '../harness/process.ts'
import { locationOf, withQuery } from '../harness/registry.ts'
import type { Repository } from '../harness/repository.ts'
import { useSite } from '../harness/site.ts'
import { openWire, requestHead } from '../harness/wire.ts'

const site = useSite()
const MIB = 1024 * 1024
const CLIENTS = 40

let repository: Repository
let large: Content

beforeAll(async () => {
  repository = site.newRepository()
  await repository.pushImage('v1')
  large = await repository.pushBlob(blob(8 * MIB))
  // What a first request opens for good is no leak of the next.
  await site.registry.get(repository.at(`blobs/${large.digest}`))
})

const authorization = () => `Basic ${Buffer.from(`admin:${site.server.adminPassword}`).toString('base64')}`

/** Files of the store that are open in the server. */
async function openObjects(): Promise<string[]> {
  const { files } = await heldBy(site.server.pid)
  return files.filter((file) => file.startsWith(path.join(site.server.dataDirectory, 'storage')))
}

async function unfinished(): Promise<string[]> {
  return readdir(path.join(site.server.dataDirectory, 'storage/_uploads')).catch(() => [])
}

/** Many clients do this and are gone; then the server must hold no more than before. */
async function vanish(client: (at: number) => Promise<void>): Promise<void> {
  const before = await heldBy(site.server.pid)

  await Promise.all(Array.from({ length: CLIENTS }, (_, at) => client(at)))
  // A request that was still on its way may open a file after a first look that found none: only what stays so counts.
  let held: string[] = []
  let looksInPeace = 0
  await eventually(async () => {
    held = await openObjects()
    const now = await heldBy(site.server.pid)
    // Connections to the database come and go: up to 20 of them.
    if (now.sockets > before.sockets + 20) held.push(`${now.sockets - before.sockets} sockets more`)
    looksInPeace = held.length === 0 ? looksInPeace + 1 : 0
    return looksInPeace === 5
  })

  expect(held).toEqual([])
  expect(looksInPeace).toBe(5)
  // Nothing of it has hurt the server, and nothing is told as an error.
  expect((await site.registry.get(repository.at('tags/list'))).status).toBe(200)
  const complaints = site.server
    .log()
    .split('\n')
    .filter((line) => /"level":"(error|fatal)"|unhandled/i.test(line))
  expect(complaints).toEqual([])
}

test('clients that vanish in the middle of a download leave no file open', async () => {
  await vanish(async (at) => {
    const wire = await openWire(site.registry.url, at % 2 === 0)
    const headers = { Authorization: authorization() }
    await wire.write(requestHead('GET', repository.at(`blobs/${large.digest}`), headers))
    if (at % 2 === 0) await wire.status()
    else await wait(at % 7)
    wire.close()
  })
})

test.each([
  ['of a told length', (at: number) => ({ 'Content-Length': MIB + at }), ''],
  ['of an untold length', () => ({ 'Transfer-Encoding': 'chunked' }), '10000\r\n'],
])('clients that vanish in the middle of a chunk %s can go on where they were', async (_, headers, first) => {
  const locations: string[] = []
  await vanish(async (at) => {
    const location = await repository.startUpload()
    locations.push(location)
    const wire = await openWire(site.registry.url)
    await wire.write(requestHead('PATCH', location, { Authorization: authorization(), ...headers(at) }))
    await wire.write(`${first}${'x'.repeat(at * 1000)}`)
    await wait(at % 11)
    wire.close()
  })

  for (const location of locations.slice(-8)) {
    const rest = Buffer.from('the end')
    // Whoever comes while the last writer is not known to have gone may be told to look again where he stands.
    const told = await site.registry.get(location)
    const arrived = Number(/^0-(\d+)$/.exec(String(told.headers.range))?.[1] ?? -1) + 1
    const whole = Buffer.concat([Buffer.alloc(told.headers.range === '0-0' ? 0 : arrived, 'x'), rest])
    const answer = await site.registry.send({
      method: 'PUT',
      path: withQuery(locationOf(told), { digest: digestOf(whole) }),
      body: rest,
    })
    expect([201, 400]).toContain(answer.status)
    if (told.headers.range !== '0-0') expect(answer.status).toBe(201)
  }
})

test('clients that vanish in the middle of a whole blob in one request leave nothing', async () => {
  const before = await unfinished()

  await vanish(async (at) => {
    const wire = await openWire(site.registry.url)
    const target = repository.at(`blobs/uploads/?digest=${digestOf(`never ${at}`)}`)
    const headers = { Authorization: authorization(), 'Content-Length': MIB }
    await wire.write(requestHead('POST', target, headers))
    await wire.write('x'.repeat(at * 5000))
    await wait(at % 11)
    wire.close()
  })
  const left = async () => (await unfinished()).filter((name) => !before.includes(name))
  await eventually(async () => (await left()).length === 0)

  expect(await left()).toEqual([])
})

test('clients that vanish in the middle of a manifest or of a body of REST leave nothing in memory', async () => {
  const targets = [
    requestHead('PUT', repository.at('manifests/never'), {
      Authorization: authorization(),
      'Content-Type': IMAGE,
      'Content-Length': 4 * MIB,
    }),
    requestHead('POST', '/api/v2.0/projects', {
      Authorization: authorization(),
      'Content-Type': 'application/json',
      'Content-Length': MIB,
    }),
  ]
  const { now: before } = await residentSize(site.server.pid)

  for (let round = 0; round < 3; round += 1) {
    await vanish(async (at) => {
      const wire = await openWire(site.registry.url)
      await wire.write(targets[at % 2] as string)
      await wire.write(Buffer.alloc(900_000, ' '))
      wire.close()
    })
  }

  expect((await residentSize(site.server.pid)).now).toBeLessThan(before + 200 * MIB)
  expect((await site.registry.head(repository.at('manifests/never'))).status).toBe(404)
})

test('clients that only connect, and those that go away in the head of a request, leave nothing', async () => {
  await vanish(async (at) => {
    const wire = await openWire(site.registry.url)
    if (at % 3 > 0) await wire.write(`GET /v2/ HTTP/1.1\r\nHost: ${'a'.repeat(at)}`)
    if (at % 3 > 1) await wait(at)
    wire.close()
  })
})
