import { createHash, randomBytes } from 'node:crypto'
import { afterAll, expect, test } from 'vitest'
import { digestOf, IMAGE } from '../harness/content.ts'
import { eventually, heldBy, residentSize } from '../harness/process.ts'
import { locationOf, withQuery } from '../harness/registry.ts'
import { useSite } from '../harness/site.ts'
import { locationIn, openWire, requestHead, type Wire } from '../harness/wire.ts'

const MIB = 1024 * 1024
/** `PORTOLAN_HOSTILE=whole` is the full weight: some minutes, and 35 GB of disk for a while, 20 of them for one layer. */
const whole = process.env.PORTOLAN_HOSTILE === 'whole'
const uploads = whole ? { count: 500, mebibytes: 64 } : { count: 50, mebibytes: 4 }
const layer = whole ? 20 * 1024 : 192
const idle = whole ? 2000 : 200
const patience = whole ? 1_800_000 : 120_000

// Idle ones stay idle for as long as it takes.
const site = useSite({ env: { PORTOLAN_LISTEN_KEEP_ALIVE_SECONDS: '3600' } })
const authorization = () => `Basic ${Buffer.from(`admin:${site.server.adminPassword}`).toString('base64')}`
const wires: Wire[] = []
afterAll(() => {
  for (const wire of wires) wire.close()
})

test(`a layer of ${layer} MiB streams through, up and down, and resident size stays flat`, {
  timeout: patience,
}, async () => {
  const repository = site.newRepository()
  await repository.pushImage('v1')
  const authorization = `Basic ${Buffer.from(`admin:${site.server.adminPassword}`).toString('base64')}`
  const piece = Buffer.alloc(MIB, 'layer')
  const location = await repository.startUpload()
  const before = await residentSize(site.server.pid)

  const up = await openWire(site.registry.url)
  const headers = { Authorization: authorization, 'Transfer-Encoding': 'chunked' }
  await up.write(requestHead('PATCH', location, headers))
  const hash = createHash('sha256')
  const frame = Buffer.concat([Buffer.from(`${MIB.toString(16)}\r\n`), piece, Buffer.from('\r\n')])
  for (let sent = 0; sent < layer; sent += 1) {
    hash.update(piece)
    await up.write(frame)
  }
  await up.write('0\r\n\r\n')
  expect(await up.status()).toBe(202)
  const patched = /^location: *(\S+)/im.exec(up.received())?.[1] ?? ''
  up.close()
  const digest = `sha256:${hash.digest('hex')}`
  const path = locationOf({ status: 202, headers: { location: patched }, body: Buffer.alloc(0) })
  const finished = await site.registry.send({ method: 'PUT', path: withQuery(path, { digest }) })
  const uploaded = await residentSize(site.server.pid)

  const down = await openWire(site.registry.url, false)
  const received = createHash('sha256')
  let length = 0
  let head = ''
  const ended = new Promise<void>((resolve) => {
    down.socket.on('close', () => resolve())
    down.socket.on('data', (chunk: Buffer) => {
      let body = chunk
      if (!head.includes('\r\n\r\n')) {
        head += chunk.toString('latin1')
        const end = head.indexOf('\r\n\r\n')
        if (end < 0) return
        body = Buffer.from(head.slice(end + 4), 'latin1')
        head = head.slice(0, end + 4)
      }
      length += body.length
      received.update(body)
    })
  })
  const asked = { Authorization: authorization, Connection: 'close' }
  await down.write(requestHead('GET', repository.at(`blobs/${digest}`), asked))
  await ended
  const downloaded = await residentSize(site.server.pid)
  process.stdout.write(
    `${layer} MiB: resident ${[before.now, uploaded.now, uploaded.peak, downloaded.peak].map((bytes) => Math.round(bytes / MIB)).join(', ')} MiB (before, after it, most up, most down)\n`,
  )

  expect(finished.status).toBe(201)
  expect(length).toBe(layer * MIB)
  expect(`sha256:${received.digest('hex')}`).toBe(digest)
  // Buffers that wait for the collector of garbage: a hundredth of a layer of 20 GiB, on a busy machine.
  expect(downloaded.peak).toBeLessThan(before.peak + (whole ? 200 : 100) * MIB)
})

test(`${uploads.count} uploads of ${uploads.mebibytes} MiB at once, beside ${idle} idle connections, take bounded memory`, {
  timeout: patience,
}, async () => {
  const repository = site.newRepository()
  await repository.pushImage('v1')
  // Idle ones have been answered once, and are kept.
  for (let at = 0; at < idle; at += 1) {
    const wire = await openWire(site.registry.url)
    await wire.write(requestHead('GET', '/v2/', {}))
    wires.push(wire)
  }
  await Promise.all(wires.map((wire) => wire.status()))
  const before = await residentSize(site.server.pid)

  // Two contents in turn, so that equal ones end at the same moment too.
  const pieces = [randomBytes(MIB), randomBytes(MIB)]
  const digests = pieces.map((piece) => digestOf(Buffer.concat(Array(uploads.mebibytes).fill(piece))))
  const statuses = await Promise.all(
    Array.from({ length: uploads.count }, async (_, at) => {
      const post = await openWire(site.registry.url)
      const headers = { Authorization: authorization(), 'Content-Length': 0 }
      await post.write(requestHead('POST', repository.at('blobs/uploads/'), headers))
      await post.status()
      const location = locationIn(post.received())
      post.close()

      const put = await openWire(site.registry.url)
      const digest = digests[at % 2] as string
      const length = { ...headers, 'Content-Length': uploads.mebibytes * MIB }
      await put.write(requestHead('PUT', withQuery(location, { digest }), length))
      for (let sent = 0; sent < uploads.mebibytes; sent += 1) await put.write(pieces[at % 2] as Buffer)
      const status = await put.status()
      put.close()
      return status
    }),
  )
  const after = await residentSize(site.server.pid)
  process.stdout.write(
    `${uploads.count} × ${uploads.mebibytes} MiB and ${idle} idle: resident ${mebibytes(before.now)} before, at most ${mebibytes(after.peak)}\n`,
  )

  expect(new Set(statuses)).toEqual(new Set([201]))
  expect(wires.filter((wire) => wire.socket.closed)).toEqual([])
  // What an upload may take is buffers of some 64 KiB here and there, however much comes: 500 of 32 MiB took 430 MiB.
  expect(after.peak).toBeLessThan(before.now + 150 * MIB + uploads.count * MIB)
  for (const digest of digests) {
    const head = await site.registry.head(repository.at(`blobs/${digest}`))
    expect(head.headers['content-length']).toBe(String(uploads.mebibytes * MIB))
  }
})

test.each([
  ['a manifest', 'PUT', () => site.newRepository().at('manifests/crumbs'), IMAGE],
  ['a body of REST', 'POST', () => '/api/v2.0/projects', 'application/json'],
])(
  '%s that comes in chunks of one byte each takes not much more room than its bytes',
  async (_, method, target, type) => {
    const before = await residentSize(site.server.pid)
    const wire = await openWire(site.registry.url)
    const headers = { Authorization: authorization(), 'Content-Type': type, 'Transfer-Encoding': 'chunked' }
    await wire.write(requestHead(method, target(), headers))
    for (let sent = 0; sent < 1_000_000; sent += 1000) await wire.write('1\r\n \r\n'.repeat(1000))
    await wire.write('0\r\n\r\n')
    const status = await wire.status()
    const after = await residentSize(site.server.pid)
    wire.close()

    expect([400, 422]).toContain(status)
    // Each for itself, they took 400 MiB and more.
    expect(after.now).toBeLessThan(before.now + 220 * MIB)
  },
)

test('afterwards no file is open, and no connection is left when they have gone', async () => {
  for (const wire of wires) wire.close()

  const released = await eventually(async () => {
    const { files, sockets } = await heldBy(site.server.pid)
    return !files.some((file) => file.startsWith(`${site.server.dataDirectory}/storage`)) && sockets < 50
  })

  expect(released).toBe(true)
  expect(site.server.log()).not.toMatch(/"level":"(error|fatal)"|unhandled/i)
})

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / MIB)} MiB`
}
