import { createHash } from 'node:crypto'
import http from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import Fastify, { type FastifyInstance } from 'fastify'
import { afterEach, expect, test } from 'vitest'
import type { Pulled, PulledKey } from '../artifacts/pulled-store.ts'
import type { Pull } from '../artifacts/pulls/model.ts'
import type { PulledBlob } from '../blobs/pulled-store.ts'
import { createSmallBodies } from '../blobs/small-bodies.ts'
import type { Config } from '../config/schema.ts'
import type { Watch } from '../platform/http/quick-way.ts'
import type { Caller } from '../registry/exchange.ts'
import type { QuickBlobDeps } from '../registry/quick-blob.ts'
import type { QuickPullDeps } from '../registry/quick-pull.ts'
import { readRange, wholeOf } from '../registry/read-object.ts'
import type { ObjectReader } from '../storage/driver.ts'
import { ObjectMissingError } from '../storage/errors.ts'
import { addQuickPulls } from './quick-pulls.ts'

const BODY = Buffer.from('{"schemaVersion":2,"annotations":{"name":"Ü 漢"}}')
const DIGEST = `sha256:${'a'.repeat(64)}`
const PROJECT: Pulled['project'] = { id: 7, name: 'team', public: false, roles: [] }
const PULLED: Pulled = {
  project: PROJECT,
  artifact: { id: 3, repositoryId: 5, digest: DIGEST, mediaType: 'x/y', manifestSize: BODY.length },
}
/** Of a small blob, of one of one buffer, of several, of more than a system takes at once, and of one that ends early in the store. */
const BODIES = [9000, 200_000, 700_000, 30_000_000, 800_000].map(someBytes)
const [SMALL, MIDDLE, LARGE, HUGE, SHORT] = BODIES as [Buffer, Buffer, Buffer, Buffer, Buffer]
const CALLER: Caller = {
  authenticated: true,
  principal: { kind: 'user', id: 9, username: 'ann', sysadmin: true, generation: 1 },
  token: {
    access: [{ type: 'repository', name: 'team/app', actions: ['pull'] }],
    projects: { team: 7 },
  },
}
function someBytes(length: number): Buffer {
  return Buffer.alloc(length, Buffer.from(Array.from({ length: 251 }, (_, index) => (index * 31) % 251)))
}

function digestOf(body: Buffer): string {
  return `sha256:${createHash('sha256').update(body).digest('hex')}`
}

function blobOf(body: Buffer): PulledBlob {
  const digest = digestOf(body)
  return { project: PROJECT, blob: { id: 4, digest, size: body.length, key: digest, offerTime: new Date() } }
}

/** What the store holds, and what is open in it. */
let stillOpen = 0
let opened: string[] = []
async function openObject(key: string): Promise<ObjectReader> {
  const body = BODIES.find((one) => digestOf(one) === key) ?? Buffer.alloc(0)
  const kept = body === SHORT ? body.subarray(0, 600_000) : body
  stillOpen += 1
  opened.push(key)
  return {
    read: async (buffer, position) => kept.copy(buffer, 0, position),
    async close() {
      stillOpen -= 1
    },
  }
}

/** What the long way answers here. */
const LONG = 299

type Watching = NonNullable<Parameters<typeof addQuickPulls>[3]>

let app: FastifyInstance | undefined
let asked: PulledKey[]
let pulls: Pull[]
let longWays: number
let failed: unknown[]
let broken: unknown[]

afterEach(async () => {
  await app?.close()
})

function blobsWith(changed: Partial<QuickBlobDeps> = {}): QuickBlobDeps {
  return {
    async findPulledBlob({ digest }) {
      const body = BODIES.find((one) => digestOf(one) === digest)
      return body && blobOf(body)
    },
    smallBodies: createSmallBodies((blob) => readRange(openObject, blob.key, wholeOf(blob))),
    open: openObject,
    graceSeconds: 3600,
    tellBroken: (error) => broken.push(error),
    ...changed,
  }
}

async function serve(
  { watch, now, ...changed }: Partial<QuickPullDeps> & Watching = {},
  trustedProxies: string[] = [],
): Promise<string> {
  asked = []
  pulls = []
  longWays = 0
  opened = []
  broken = []
  failed = []
  app = Fastify({ trustProxy: trustedProxies.length > 0 ? trustedProxies : false })
  app.all('/*', async (request, reply) => {
    longWays += 1
    return reply.code(LONG).send(request.ip)
  })
  addQuickPulls(
    app,
    { trustedProxies } as unknown as Config,
    {
      authenticate: (shown) => (shown === 'Bearer known' ? Promise.resolve(CALLER) : undefined),
      async findPulled(key) {
        asked.push(key)
        return PULLED
      },
      manifestCache: { get: (digest) => (digest === DIGEST ? BODY : undefined) },
      async recordPull(pull) {
        pulls.push(pull)
      },
      blobs: blobsWith(),
      tellFailed: (error) => failed.push(error),
      ...changed,
    },
    { watch, ...(now && { now }) },
  )
  await app.listen({ host: '127.0.0.1', port: 0 })
  return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
}

interface Sent {
  method?: string
  path?: string
  headers?: http.OutgoingHttpHeaders
}

const blobPath = (body: Buffer) => `/v2/team/app/blobs/${digestOf(body)}`

function ask(url: string, { method = 'GET', path = '/v2/team/app/manifests/v1', headers = {} }: Sent = {}) {
  return new Promise<{ status: number; headers: http.IncomingHttpHeaders; body: Buffer }>(
    (resolve, reject) => {
      const shown = { authorization: 'Bearer known', connection: 'close', ...headers }
      const request = http.request(url + path, { method, headers: shown }, (answer) => {
        const parts: Buffer[] = []
        answer.on('data', (part: Buffer) => parts.push(part))
        answer.on('error', reject)
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(parts) }),
        )
      })
      request.on('error', reject)
      request.end()
    },
  )
}

test('a manifest that is there goes out byte by byte, and its pull is told', async () => {
  const url = await serve()

  const byTag = await ask(url)
  const byDigest = await ask(url, { path: `/v2/team/app/manifests/${DIGEST}` })
  const head = await ask(url, { method: 'HEAD' })

  for (const answer of [byTag, byDigest, head]) {
    expect(answer.status).toBe(200)
    expect(answer.headers).toMatchObject({
      'content-type': 'x/y',
      'content-length': String(BODY.length),
      'docker-content-digest': DIGEST,
      etag: `"${DIGEST}"`,
    })
  }
  expect([byTag, byDigest, head].map(({ body }) => body.toString('hex'))).toEqual([
    BODY.toString('hex'),
    BODY.toString('hex'),
    '',
  ])
  const place = { project: 'team', repository: 'app', userId: 9 }
  expect(asked).toEqual([
    { ...place, tag: 'v1' },
    { ...place, digest: DIGEST },
    { ...place, tag: 'v1' },
  ])
  expect(pulls.map(({ tag, digest }) => [tag, digest])).toEqual([
    ['v1', DIGEST],
    [undefined, DIGEST],
  ])
  expect(pulls[0]).toMatchObject({ projectId: 7, repositoryId: 5, artifactId: 3, actor: { id: 9 } })
})

test.each<[string, Sent]>([
  ['another method', { method: 'PUT' }],
  ['another path', { path: '/v2/team/app/tags/list' }],
  ['a query', { path: '/v2/team/app/manifests/v1?ns=docker.io' }],
  ['what needs decoding', { path: '/v2/team%2Fapp/manifests/v1' }],
  ['slashes to be made one', { path: '/v2//team/app/manifests/v1' }],
  ['a name that is none', { path: '/v2/team/.app/manifests/v1' }],
  ['a reference that is none', { path: '/v2/team/app/manifests/sha256:1' }],
  ['a condition', { headers: { 'if-none-match': `"${DIGEST}"` } }],
  ['a part', { path: blobPath(SMALL), headers: { range: 'bytes=0-1' } }],
  ['a part under a condition', { path: blobPath(SMALL), headers: { 'if-range': '"x"' } }],
  ['a blob by something else than a digest', { path: '/v2/team/app/blobs/v1' }],
  ['an upload', { path: '/v2/team/app/blobs/uploads/11111111-1111-4111-8111-111111111111' }],
  ['a body', { headers: { 'content-length': 0 } }],
  ['nobody in particular', { headers: { authorization: 'Bearer other' } }],
])('the long way is for %s', async (_what, sent) => {
  const url = await serve()

  expect((await ask(url, sent)).status).toBe(LONG)
  expect(asked).toEqual([])
})

const otherwise = (caller: Partial<Caller>): Partial<QuickPullDeps> => ({
  authenticate: () => Promise.resolve({ ...CALLER, ...caller }),
})

test.each<[string, Partial<QuickPullDeps>]>([
  ['whose token counts no longer', { authenticate: () => Promise.resolve(undefined) }],
  ['who may not pull', otherwise({ principal: { kind: 'anonymous' } })],
  ['whose token does not cover the repository', otherwise({ token: { access: [], projects: { team: 7 } } })],
  [
    'whose token was for a former project of the name',
    otherwise({ token: { access: CALLER.token?.access ?? [], projects: { team: 6 } } }),
  ],
  ['who names what is not there', { findPulled: () => Promise.resolve(undefined) }],
  [
    'who uses a former name',
    { findPulled: () => Promise.resolve({ ...PULLED, project: { ...PULLED.project, name: 'club' } }) },
  ],
  ['for whom the database has no answer', { findPulled: () => Promise.reject(new Error('gone')) }],
  ['whose manifest is not at hand', { manifestCache: { get: () => undefined } }],
])('the long way is for one %s, and no pull is told', async (_who, changed) => {
  const url = await serve(changed)

  expect((await ask(url)).status).toBe(LONG)
  expect(pulls).toEqual([])
})

test('blobs go out byte by byte, small ones and large ones', async () => {
  const url = await serve()

  for (const body of [SMALL, MIDDLE, LARGE, SMALL]) {
    const answer = await ask(url, { path: blobPath(body) })
    const head = await ask(url, { method: 'HEAD', path: blobPath(body) })

    for (const { status, headers } of [answer, head]) {
      expect(status).toBe(200)
      expect(headers).toMatchObject({
        'accept-ranges': 'bytes',
        'content-type': 'application/octet-stream',
        'content-length': String(body.length),
        'docker-content-digest': digestOf(body),
        etag: `"${digestOf(body)}"`,
      })
    }
    expect(answer.body.equals(body)).toBe(true)
    expect(head.body).toHaveLength(0)
  }
  expect(longWays).toBe(0)
  expect(stillOpen).toBe(0)
  // The pull of an image is that of its manifest.
  expect(pulls).toEqual([])
})

test('what waits for a slow client with all its bytes in memory keeps no file open', async () => {
  const url = new URL(await serve())
  const client = connect(Number(url.port), url.hostname)
  // It takes nothing, so that the second answer waits behind the first.
  client.pause()
  for (const body of [HUGE, MIDDLE])
    client.write(`GET ${blobPath(body)} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer known\r\n\r\n`)
  await expect.poll(() => opened).toEqual([digestOf(HUGE), digestOf(MIDDLE)])

  await expect.poll(() => stillOpen).toBe(1)

  client.destroy()
  await expect.poll(() => stillOpen).toBe(0)
})

test('a blob that the store does not hold whole breaks off, and the operator is told', async () => {
  const url = await serve()

  await expect(ask(url, { path: blobPath(SHORT) })).rejects.toThrow()

  expect(broken).toEqual([new Error('the object ends at byte 600000')])
  expect([longWays, stillOpen]).toEqual([0, 0])
})

test.each<[string, Partial<QuickPullDeps>]>([
  ['whose token counts no longer', { authenticate: () => Promise.resolve(undefined) }],
  ['who may not pull', otherwise({ principal: { kind: 'anonymous' } })],
  ['whose token does not cover the repository', otherwise({ token: { access: [], projects: { team: 7 } } })],
  [
    'whose token was for a former project of the name',
    otherwise({ token: { access: CALLER.token?.access ?? [], projects: { team: 6 } } }),
  ],
  ['who names what is not there', { blobs: blobsWith({ findPulledBlob: async () => undefined }) }],
  [
    'who uses a former name',
    {
      blobs: blobsWith({
        findPulledBlob: async () => ({ ...blobOf(SMALL), project: { ...PROJECT, name: 'club' } }),
      }),
    },
  ],
  ['whose blob must be offered anew', { blobs: blobsWith({ graceSeconds: -1 }) }],
  [
    'for whom the database has no answer',
    { blobs: blobsWith({ findPulledBlob: () => Promise.reject(new Error('gone')) }) },
  ],
  [
    'for whom the store has no answer',
    { blobs: blobsWith({ smallBodies: createSmallBodies(() => Promise.reject(new Error('gone'))) }) },
  ],
  ['whose store answers clients itself', { blobs: undefined }],
])('the long way is for one %s', async (_who, changed) => {
  const url = await serve(changed)

  expect((await ask(url, { path: blobPath(SMALL) })).status).toBe(LONG)
})

const failsLate = (error: Error): Partial<QuickPullDeps> & Watching => {
  let time = 0
  return {
    now: () => time,
    findPulled: async () => {
      await new Promise((resolve) => setImmediate(resolve))
      time += 30_000
      throw error
    },
  }
}

test('what fails late for another reason than that the database is away goes the long way', async () => {
  const url = await serve(failsLate(new ObjectMissingError('blob')))

  expect((await ask(url)).status).toBe(LONG)
  expect(failed).toEqual([])
})

test('whoever has waited for a database that is away is told so, and does not wait a second time', async () => {
  const gone = new Error('timeout exceeded when trying to connect')
  const url = await serve(failsLate(gone))

  const answer = await ask(url)

  expect([answer.status, longWays]).toEqual([503, 0])
  expect(answer.headers).toMatchObject({ 'docker-distribution-api-version': 'registry/2.0' })
  expect(JSON.parse(answer.body.toString())).toMatchObject({ errors: [{ code: 'UNAVAILABLE' }] })
  expect(failed).toEqual([gone])
})

test('the image pulled to replicate is no pull', async () => {
  const url = await serve()

  const answer = await ask(url, { headers: { 'user-agent': 'harbor-registry-client' } })

  expect(answer.status).toBe(200)
  expect(pulls).toEqual([])
})

test.each([
  ['nobody is believed', [], '127.0.0.1'],
  ['the proxy is believed', ['127.0.0.0/8'], '203.0.113.9'],
  ['another proxy is believed', ['192.0.2.1'], '127.0.0.1'],
])('the address is the one that Fastify finds: %s', async (_whom, trusted, address) => {
  const url = await serve({}, trusted)
  const headers = { 'x-forwarded-for': '198.51.100.1, 203.0.113.9' }

  const long = await ask(url, { headers, path: '/else' })
  await ask(url, { headers })

  expect(long.body.toString()).toBe(address)
  expect(pulls.map((pull) => pull.address)).toEqual([address])
})

test('what is taken is watched, and not what goes the long way after all', async () => {
  const watched = new Set<unknown>()
  const watch: Watch = ({ url }) => {
    watched.add(url)
    return () => watched.delete(url)
  }
  const url = await serve({ watch, manifestCache: { get: () => undefined } })

  await ask(url)
  await ask(url, { method: 'HEAD', path: '/v2/team/app/manifests/v2' })
  await ask(url, { path: '/v2/team/app/tags/list' })
  await ask(url, { path: blobPath(SMALL) })

  expect([...watched]).toEqual(['/v2/team/app/manifests/v2', blobPath(SMALL)])
})

test.each([
  ['there', PULLED],
  ['not there', undefined],
])(
  'to a client that has gone away nothing is handed out, and it goes no further way: what is %s',
  async (_what, answer) => {
    const found = Promise.withResolvers<Pulled | undefined>()
    const taken = Promise.withResolvers<http.IncomingMessage>()
    const url = await serve({
      findPulled: () => found.promise,
      watch: (request) => {
        taken.resolve(request)
        return () => undefined
      },
    })

    const client = http.get(`${url}/v2/team/app/manifests/v1`, { headers: { authorization: 'Bearer known' } })
    client.on('error', () => undefined)
    const { socket } = await taken.promise
    const gone = new Promise((resolve) => socket.once('close', resolve))
    client.destroy()
    await gone
    found.resolve(answer)
    await new Promise((resolve) => setImmediate(resolve))

    expect(pulls).toEqual([])
    expect(longWays).toBe(0)
  },
)
