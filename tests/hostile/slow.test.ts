import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { blob, IMAGE } from '../harness/content.ts'
import { eventually, heldBy } from '../harness/process.ts'
import { useSite } from '../harness/site.ts'
import { openWire, requestHead, type Wire } from '../harness/wire.ts'

const MIB = 1024 * 1024
const site = useSite({
  env: {
    PORTOLAN_LISTEN_HEADER_TIMEOUT_SECONDS: '2',
    PORTOLAN_LISTEN_SILENCE_TIMEOUT_SECONDS: '5',
    PORTOLAN_LISTEN_MINIMUM_RATE: '2000',
    PORTOLAN_LISTEN_MINIMUM_RATE_SECONDS: '2',
  },
})

const authorization = () => `Basic ${Buffer.from(`admin:${site.server.adminPassword}`).toString('base64')}`

/** Sends a byte now and then until the other side has had enough. */
async function trickle(wire: Wire): Promise<void> {
  while (wire.socket.writable) {
    await wire.write('x')
    await wait(100)
  }
}

test('a head that comes drop by drop is cut off, and others are served meanwhile', async () => {
  const wires = await Promise.all(Array.from({ length: 50 }, () => openWire(site.registry.url)))
  const slow = wires.map(async (wire) => {
    await wire.write('GET /v2/ HTTP/1.1\r\nX-Slow: ')
    await trickle(wire)
    return wire.status()
  })
  const meanwhile = await site.registry.get('/v2/')

  const statuses = await Promise.all(slow)

  expect(meanwhile.status).toBe(200)
  expect(new Set(statuses)).toEqual(new Set([408]))
})

test('a connection over which nothing comes is closed', async () => {
  const wire = await openWire(site.registry.url)

  const closed = await eventually(async () => wire.socket.closed)

  expect(closed).toBe(true)
})

test.each([
  ['a manifest', 'PUT', 'manifests/slow', IMAGE],
  ['a whole blob', 'POST', `blobs/uploads/?digest=${blob('never').digest}`, 'application/octet-stream'],
  ['a chunk', 'PATCH', '', 'application/octet-stream'],
])('%s that comes drop by drop is cut off with 408', async (_, method, rest, type) => {
  const repository = site.newRepository()
  const target = rest === '' ? await repository.startUpload() : repository.at(rest)
  const wire = await openWire(site.registry.url)
  const headers = { Authorization: authorization(), 'Content-Type': type, 'Content-Length': MIB }
  await wire.write(requestHead(method, target, headers))

  await trickle(wire)

  expect(await wire.status()).toBe(408)
  expect(site.server.log()).toMatch(/too slow/)
})

test('a client that takes nothing of a download is cut off, and its file is closed', async () => {
  const repository = site.newRepository()
  const { digest } = await repository.pushBlob(blob(32 * MIB))
  const wire = await openWire(site.registry.url, false)
  await wire.write(requestHead('GET', repository.at(`blobs/${digest}`), { Authorization: authorization() }))

  const hex = digest.slice(digest.indexOf(':') + 1)
  const opened = await eventually(async () =>
    (await heldBy(site.server.pid)).files.some((file) => file.includes(hex)),
  )
  const closed = await eventually(
    async () => !(await heldBy(site.server.pid)).files.some((file) => file.includes(hex)),
  )
  wire.close()

  expect(opened).toBe(true)
  expect(closed).toBe(true)
})

test.each([
  ['a head of more than 16 KiB', 431, () => requestHead('GET', '/v2/', { 'X-Large': 'x'.repeat(20_000) })],
  ['a head of many fields', 431, () => requestHead('GET', '/v2/', Object.fromEntries(manyFields(2000)))],
  ['a body of REST that is told to be larger than 1 MiB', 413, () => restHead({ 'Content-Length': MIB + 1 })],
  [
    'a body of REST that turns out to be',
    413,
    () =>
      `${restHead({ 'Transfer-Encoding': 'chunked' })}${(MIB + 1).toString(16)}\r\n${' '.repeat(MIB + 1)}\r\n0\r\n\r\n`,
  ],
])('%s is refused with %i', async (_, status, request) => {
  const wire = await openWire(site.registry.url)

  await wire.write(request())

  expect(await wire.status()).toBe(status)
  expect((await site.registry.get('/api/v2.0/ping')).status).toBe(200)
  wire.close()
})

function restHead(headers: Record<string, string | number>): string {
  const type = { Authorization: authorization(), 'Content-Type': 'application/json' }
  return requestHead('POST', '/api/v2.0/projects', { ...type, ...headers })
}

function manyFields(count: number): [string, string][] {
  return Array.from({ length: count }, (_, at) => [`X-Field-${at}`, 'x'])
}
