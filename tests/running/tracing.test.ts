import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { blob, config, descriptorOf, image } from '../harness/content.ts'
import { createProject, openAsAdministrator, uniqueName } from '../harness/project.ts'
import { locationOf, type Registry } from '../harness/registry.ts'
import { openRepository } from '../harness/repository.ts'
import { type RunningServer, startServer } from '../harness/server.ts'
import { type CollectedSpan, type Collector, startCollector } from './collector.ts'

/** What a collector of OpenTelemetry gets to see. */

const SERVER = 2
const CLIENT = 3
const CONSUMER = 5

let collector: Collector
let server: RunningServer
let registry: Registry

beforeAll(async () => {
  collector = await startCollector()
  server = await startServer({
    env: {
      PORTOLAN_TRACING_ENDPOINT: collector.url,
      PORTOLAN_LOG_LEVEL: 'debug',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=test',
    },
  })
  registry = openAsAdministrator(server)
})
afterAll(async () => {
  await server.dispose()
  await collector.close()
})

/** A trace of somebody who calls, and how he tells it. */
function caller(sampled = true) {
  const traceId = randomBytes(16).toString('hex')
  const spanId = randomBytes(8).toString('hex')
  return { traceId, spanId, headers: { traceparent: `00-${traceId}-${spanId}-${sampled ? '01' : '00'}` } }
}

const of = (traceId: string) => collector.spans.filter((span) => span.traceId === traceId)
const named = (traceId: string, name: string) => of(traceId).filter((span) => span.name === name)
const told = { timeout: 15_000, interval: 50 }

/** All parents are there, and nothing begins before its parent, or ends after it unless it is work that was ordered. */
function expectWhole(spans: CollectedSpan[], root: string): void {
  const byId = new Map(spans.map((span) => [span.spanId, span]))
  for (const span of spans.filter(({ parentId }) => parentId !== root)) {
    const parent = byId.get(span.parentId)
    expect({ name: span.name, parent: parent?.name }).toEqual({
      name: span.name,
      parent: expect.any(String),
    })
    if (!parent) continue
    expect(span.start).toBeGreaterThanOrEqual(parent.start)
    if (span.kind !== CONSUMER) expect(span.end).toBeLessThanOrEqual(parent.end)
  }
}

test('a push is one trace: requests, their statements, their work in the store; the log bears its ids', async () => {
  const { traceId, spanId, headers } = caller()
  const project = await createProject(server)
  const path = `/v2/${project.name}/traced`
  const [layer, settings] = [blob(2000), config()]
  for (const content of [layer, settings]) {
    const begun = await registry.send({ method: 'POST', path: `${path}/blobs/uploads/`, headers })
    const chunk = await registry.send({
      method: 'PATCH',
      path: locationOf(begun),
      headers: { ...headers, 'Content-Type': 'application/octet-stream' },
      body: content.bytes,
    })
    const location = locationOf(chunk)
    const done = await registry.send({
      method: 'PUT',
      path: `${location}${location.includes('?') ? '&' : '?'}digest=${content.digest}`,
      headers,
    })
    expect(done.status).toBe(201)
  }
  const manifest = image({ config: descriptorOf(settings), layers: [descriptorOf(layer)] })
  const pushed = await registry.send({
    method: 'PUT',
    path: `${path}/manifests/v1`,
    headers: { ...headers, 'Content-Type': manifest.mediaType },
    body: manifest.bytes,
  })
  expect(pushed.status).toBe(201)

  await expect.poll(() => named(traceId, 'PUT /v2/{name}/manifests/{reference}'), told).toHaveLength(1)
  const spans = of(traceId)
  expectWhole(spans, spanId)
  const requests = spans.filter((span) => span.kind === SERVER)
  expect(requests.map(({ name }) => name).sort()).toEqual(
    [
      ...Array(2).fill('PATCH /v2/{name}/blobs/uploads/{id}'),
      ...Array(2).fill('POST /v2/{name}/blobs/uploads/'),
      ...Array(2).fill('PUT /v2/{name}/blobs/uploads/{id}'),
      'PUT /v2/{name}/manifests/{reference}',
    ].sort(),
  )
  expect(requests.every((span) => span.parentId === spanId)).toBe(true)
  const [push] = named(traceId, 'PUT /v2/{name}/manifests/{reference}')
  expect(push?.attributes).toMatchObject({
    'http.request.method': 'PUT',
    'http.response.status_code': 201n,
    'portolan.repository': `${project.name}/traced`,
  })
  const within = spans.filter((span) => span.parentId === push?.spanId).map(({ name }) => name)
  expect(within).toEqual(
    expect.arrayContaining(['BEGIN', 'SELECT lock_push', 'INSERT events', 'COMMIT', 'storage put']),
  )
  expect(spans.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['storage append', 'storage finishUpload']),
  )
  // Told on the way, at level debug.
  const counted = server
    .log()
    .split('\n')
    .filter((line) => line.includes('"quota counted"'))
  const ids = counted.map((line) => JSON.parse(line)).filter((entry) => entry.trace_id === traceId)
  expect(ids.map((entry) => entry.span_id)).toContain(push?.spanId)
  expect(collector.resource).toMatchObject({ 'service.name': 'portolan', 'deployment.environment': 'test' })
})

test('work that a request orders goes on with its trace', async () => {
  const { traceId, spanId, headers } = caller()

  const ordered = await registry.send({
    method: 'POST',
    path: '/api/v2.0/system/gc/schedule',
    headers: { ...headers, 'Content-Type': 'application/json' },
    body: JSON.stringify({ schedule: { type: 'Manual' }, parameters: { workers: 1 } }),
  })
  expect(ordered.status).toBe(201)

  await expect.poll(() => named(traceId, 'job GARBAGE_COLLECTION'), told).toHaveLength(1)
  const [request] = named(traceId, 'POST /api/v2.0/system/gc/schedule')
  const [job] = named(traceId, 'job GARBAGE_COLLECTION')
  expect(request).toMatchObject({ parentId: spanId, kind: SERVER })
  expect(job).toMatchObject({ parentId: request?.spanId, kind: CONSUMER, failed: false })
  expect(job?.attributes).toMatchObject({ 'portolan.task.status': 'Success', 'portolan.task.run': 1n })
  expectWhole(of(traceId), spanId)
  expect(of(traceId).some((span) => span.parentId === job?.spanId && span.name.startsWith('UPDATE'))).toBe(
    true,
  )
})

test('a call outside is told without its path, and hands the trace on', async () => {
  const heard: (string | undefined)[] = []
  const receiver = createServer((request, response) => {
    heard.push([request.headers.traceparent].flat()[0])
    response.writeHead(200).end()
  }).listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  const { port } = receiver.address() as AddressInfo
  const project = await createProject(server)
  await registry.send({
    method: 'POST',
    path: `/api/v2.0/projects/${project.name}/webhook/policies`,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      name: uniqueName('hook'),
      enabled: true,
      event_types: ['PUSH_ARTIFACT'],
      targets: [
        {
          type: 'http',
          address: `http://127.0.0.1:${port}/Secret-Path`,
          auth_header: 'Bearer Secret-Header',
        },
      ],
    }),
  })
  const { headers } = caller()
  const policies = `/api/v2.0/projects/${project.name}/webhook/policies`
  const [policy] = JSON.parse((await registry.get(policies)).body.toString('utf8'))
  await registry.send({
    method: 'POST',
    path: `${policies}/${policy.id}/test?note=Secret-Query`,
    headers: { ...headers, 'Content-Type': 'application/json' },
    body: '{}',
  })

  await expect.poll(() => heard.length, told).toBe(1)
  const [, traceId = '', parent = ''] = heard[0]?.split('-') ?? []
  await expect
    .poll(() => of(traceId).filter((span) => span.kind === CLIENT && span.name === 'POST'), told)
    .toEqual([expect.objectContaining({ spanId: parent, failed: false })])
  expect(collector.raw()).not.toMatch(/Secret-(Path|Header|Query)/)
  expect(collector.raw()).not.toContain(server.adminPassword)
  expect(collector.raw()).not.toContain(Buffer.from(`admin:${server.adminPassword}`).toString('base64'))
  receiver.closeAllConnections()
  receiver.close()
})

test('a delivery is a trace of its own, linked to the push that it tells of', async () => {
  const heard: (string | undefined)[] = []
  const receiver = createServer((request, response) => {
    heard.push([request.headers.traceparent].flat()[0])
    response.writeHead(heard.length === 1 ? 503 : 200).end()
  }).listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  const { port } = receiver.address() as AddressInfo
  const project = await createProject(server)
  await registry.send({
    method: 'POST',
    path: `/api/v2.0/projects/${project.name}/webhook/policies`,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      name: uniqueName('hook'),
      enabled: true,
      event_types: ['PUSH_ARTIFACT'],
      targets: [{ type: 'http', address: `http://127.0.0.1:${port}/` }],
    }),
  })
  const [loud, silent] = [caller(), caller(false)]
  const path = `/v2/${project.name}/linked`
  await openRepository(registry, `${project.name}/linked`).pushImage('before')
  const pushAs = async (headers: Record<string, string>, tag: string) => {
    const known = await registry.get(`${path}/manifests/before`)
    const type = String(known.headers['content-type'])
    return await registry.send({
      method: 'PUT',
      path: `${path}/manifests/${tag}`,
      headers: { ...headers, 'Content-Type': type },
      body: known.body,
    })
  }
  expect((await pushAs(loud.headers, 'loud')).status).toBe(201)
  expect((await pushAs(silent.headers, 'silent')).status).toBe(201)

  // That of `before` twice.
  await expect.poll(() => heard.length, told).toBe(4)
  const linked = () =>
    collector.spans.filter((span) => span.links.some(({ traceId }) => traceId === loud.traceId))
  await expect.poll(linked, told).toHaveLength(1)
  const [delivery] = linked()
  const [request] = named(loud.traceId, 'PUT /v2/{name}/manifests/{reference}')
  expect(delivery).toMatchObject({ name: 'webhook PUSH_ARTIFACT', parentId: '', failed: false })
  expect(delivery?.traceId).not.toBe(loud.traceId)
  expect(delivery?.links).toEqual([{ traceId: loud.traceId, spanId: request?.spanId }])
  expect(delivery?.attributes).toMatchObject({
    'portolan.delivery.outcome': 'arrived',
    'portolan.delivery.attempt': 1n,
  })
  const [call] = of(delivery?.traceId ?? '').filter(({ kind }) => kind === CLIENT)
  expect(call).toMatchObject({ name: 'POST', parentId: delivery?.spanId })
  // The receiver hears of the delivery's trace.
  expect(heard.map((text) => text?.split('-')[1])).toContain(delivery?.traceId)
  const outcomes = collector.spans
    .filter(({ name }) => name === 'webhook PUSH_ARTIFACT')
    .map(({ attributes }) => attributes['portolan.delivery.outcome'])
  expect(outcomes.sort()).toEqual(['arrived', 'arrived', 'down'])
  receiver.closeAllConnections()
  receiver.close()
})

test('what its caller does not record is not recorded', async () => {
  const silent = caller(false)
  const loud = caller()
  await registry.send({ path: '/api/v2.0/projects', headers: silent.headers })
  await registry.send({ path: '/api/v2.0/projects', headers: loud.headers })

  await expect.poll(() => named(loud.traceId, 'GET /api/v2.0/projects'), told).toHaveLength(1)
  expect(of(silent.traceId)).toEqual([])
})

test.concurrent.each([
  ['is away', true],
  ['never answers', false],
])('a collector that %s costs nobody anything, and is told once', async (_, gone) => {
  const dumb = await startCollector(() => undefined)
  if (gone) await dumb.close()
  const alone = await startServer({ env: { PORTOLAN_TRACING_ENDPOINT: dumb.url } })
  const asAdmin = openAsAdministrator(alone)
  for (let count = 0; count < 100; count += 1) {
    expect((await asAdmin.get('/api/v2.0/projects')).status).toBe(200)
  }

  const complaints = () => alone.log().match(/traces cannot be sent/g)?.length ?? 0
  await expect.poll(complaints, { timeout: 20_000 }).toBe(1)
  expect(await alone.stop()).toBe(0)
  await alone.dispose()
  if (!gone) await dumb.close()
})
