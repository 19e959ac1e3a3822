import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type Content,
  descriptorOf,
  digestOf,
  IMAGE,
  INDEX,
  layer,
  unknownDigest,
} from '../harness/content.ts'
import { sendRaw } from '../harness/raw.ts'
import { locationOf } from '../harness/registry.ts'
import type { Repository } from '../harness/repository.ts'
import { useSite } from '../harness/site.ts'

const site = useSite()

let repository: Repository
let configuration: Content
let only: Content
let pidAtStart = 0

beforeAll(async () => {
  repository = site.newRepository()
  const pushed = await repository.pushImage('v1')
  configuration = pushed.config
  only = pushed.layers[0] ?? layer()
  pidAtStart = site.server.pid
})

afterAll(async () => {
  const answer = await site.registry.get(repository.at('tags/list'))

  expect(answer.status).toBe(200)
  expect(site.server.pid).toBe(pidAtStart)
})

const scraps = fc.constantFrom(
  '',
  '.',
  '..',
  '%2e%2e',
  '%2F',
  '%252F',
  '%00',
  '%ff',
  '%',
  '%zz',
  '//',
  '\\',
  ';',
  ' ',
  '+',
  '*',
  '~',
  '🦊',
  'ä',
  'v2',
  '_catalog',
  'blobs',
  'uploads',
  'manifests',
  'tags',
  'list',
  'referrers',
  'latest',
  'v1',
  'UPPER',
  '-x',
  '__proto__',
  'sha256:abc',
  'sha256:',
  ':',
  'sha256:0000000000000000000000000000000000000000000000000000000000000000',
  'md5:00',
  'x'.repeat(500),
  '11111111-1111-4111-8111-111111111111',
  'proj',
  'a',
  "';--",
  '{{7*7}}',
  '<script>',
  '\u0000',
  '\r\n',
  '0',
  '-1',
  '1e99',
) // prettier-ignore

const path = fc.oneof(
  fc.array(scraps, { maxLength: 8 }).map((parts) => `/v2/${parts.join('/')}`),
  fc
    .tuple(fc.constantFrom('manifests', 'blobs', 'blobs/uploads', 'tags', 'referrers'), scraps)
    .map(([kind, scrap]) => `/v2/{repository}/${kind}/${scrap}`),
  fc.string({ unit: 'binary', maxLength: 60 }).map((text) => `/v2/${text}`),
)

const query = fc.array(
  fc.tuple(
    fc.constantFrom(
      'n',
      'last',
      'digest',
      'digest-algorithm',
      'mount',
      'from',
      'tag',
      'artifactType',
      'ns',
      '_state',
      'q',
    ),
    fc.oneof(scraps, fc.string({ maxLength: 20 })),
  ),
  { maxLength: 4 },
)

const header = fc.tuple(
  fc.constantFrom(
    'Range',
    'Content-Range',
    'If-Range',
    'If-None-Match',
    'Accept',
    'Content-Type',
    'Expect',
    'Authorization',
    'X-Forwarded-For',
    'X-Forwarded-Proto',
    'X-Request-Id',
    'Cookie',
    'Content-Encoding',
    'Transfer-Encoding',
    'Origin',
    'Upgrade',
  ), // prettier-ignore
  fc.oneof(
    fc.constantFrom(
      'bytes=0-',
      'bytes=-1',
      '0-0',
      '5-1',
      '0-99999999999999999999',
      '*',
      '"',
      'W/"',
      'gzip',
      'chunked',
      IMAGE,
      INDEX,
      'Basic Og==',
      'Bearer a.b.c',
      'x'.repeat(4000),
    ),
    fc.string({ maxLength: 40 }),
  ),
)

const method = fc.constantFrom(
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'PROPFIND',
  'QUERY',
  'get',
  'X',
)

test('no request, however malformed, is answered with an error of the server', async () => {
  const request = fc.record({
    method,
    path,
    query,
    headers: fc.array(header, { maxLength: 4 }),
    body: fc.uint8Array({ maxLength: 300 }),
    withCredentials: fc.boolean(),
  })

  await fc.assert(
    fc.asyncProperty(request, async (asked) => {
      const target = asked.path.replace('{repository}', repository.name)
      const search = asked.query.map(([name, value]) => `${name}=${value}`).join('&')
      const lines = [
        `${asked.method} ${target}${search === '' ? '' : `?${search}`} HTTP/1.1`,
        'Host: registry.example.com',
        ...(asked.withCredentials ? [`Authorization: ${credentials()}`] : []),
        ...asked.headers.map(([name, value]) => `${name}: ${value}`),
        `Content-Length: ${asked.body.length}`,
        'Connection: close',
        '',
        '',
      ]

      const status = await sendRaw(
        site.registry.url,
        Buffer.concat([Buffer.from(lines.join('\r\n'), 'utf8'), asked.body]),
      )

      // 501 is Node's own word for a Transfer-Encoding that HTTP does not know.
      expect(status === 501 ? 400 : status).toBeLessThan(500)
    }),
    { numRuns: 1500 },
  )
})

test('no well-formed request is answered with an error of the server', async () => {
  const name = fc.constantFrom(
    'n',
    'last',
    'digest',
    'mount',
    'from',
    'tag',
    'artifactType',
    'digest-algorithm',
    'ns',
  )
  const value = fc.oneof(
    scraps,
    fc.constantFrom('{known}', '{unknown}', '{repository}', 'sha512', 'sha256', '3'),
    fc.string({ unit: 'grapheme', maxLength: 30 }),
  )
  const request = fc.record({
    method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'),
    kind: fc.constantFrom(
      'manifests/v1',
      'manifests/{known}',
      'manifests/{unknown}',
      'manifests/new',
      'blobs/{known}',
      'blobs/{unknown}',
      'blobs/uploads/',
      'blobs/uploads/{upload}',
      'tags/list',
      'referrers/{known}',
      'referrers/{unknown}',
      'referrers/x',
      'other',
    ), // prettier-ignore
    query: fc.array(fc.tuple(name, value), { maxLength: 3 }),
    headers: fc.array(header, { maxLength: 2 }),
    body: fc.oneof(fc.constant(''), fc.json({ maxDepth: 3 }), fc.string({ maxLength: 100 })),
  })

  await fc.assert(
    fc.asyncProperty(request, async (asked) => {
      const upload = locationOf(
        await site.registry.send({ method: 'POST', path: repository.at('blobs/uploads/') }),
      )
      const fill = (text: string) =>
        text
          .replace('{known}', only.digest)
          .replace('{unknown}', unknownDigest())
          .replace('{repository}', repository.name)
          .replace('blobs/uploads/{upload}', upload.replace(repository.at(''), ''))
      const search = asked.query.map(([key, text]) => `${key}=${encodeURIComponent(fill(text))}`).join('&')
      const rest = fill(asked.kind)
      const allowed = asked.headers.filter(([key]) => !/^(transfer|expect|upgrade|authorization)/i.test(key))

      const answer = await site.registry.send({
        method: asked.method,
        path: repository.at(rest) + (search === '' ? '' : (rest.includes('?') ? '&' : '?') + search),
        headers: Object.fromEntries(allowed.map(([key, text]) => [key, text.replace(/[^\x20-\x7e]/g, '?')])),
        body: asked.body,
      })
      if (asked.method === 'DELETE') {
        await restore()
      }

      expect(answer.status).toBeLessThan(500)
    }),
    { numRuns: 600 },
  )
})

test('no manifest, however odd, is answered with an error of the server', async () => {
  const anything = fc.jsonValue({ maxDepth: 3 })
  const descriptor = fc.record(
    {
      mediaType: fc.oneof(fc.constantFrom(IMAGE, INDEX, '', 'a/b'), anything),
      digest: fc.oneof(fc.constant('{layer}'), fc.constant('{config}'), fc.constant('sha256:abc'), anything),
      size: fc.oneof(fc.integer(), fc.double(), anything),
      annotations: anything,
      platform: anything,
      data: anything,
      artifactType: anything,
    },
    { requiredKeys: ['digest'] },
  )
  const manifest = fc.record(
    {
      schemaVersion: fc.oneof({ weight: 5, arbitrary: fc.constant(2) }, { weight: 1, arbitrary: anything }),
      mediaType: fc.oneof(fc.constantFrom(IMAGE, INDEX), anything),
      config: fc.oneof(descriptor, anything),
      layers: fc.oneof(fc.array(descriptor, { maxLength: 3 }), anything),
      manifests: fc.oneof(fc.array(descriptor, { maxLength: 3 }), anything),
      subject: fc.oneof(descriptor, anything),
      annotations: fc.oneof(fc.dictionary(fc.string(), fc.string()), anything),
      artifactType: fc.oneof(fc.string({ unit: 'binary' }), anything),
    },
    { requiredKeys: ['schemaVersion'] },
  )

  await fc.assert(
    fc.asyncProperty(
      manifest,
      fc.constantFrom(IMAGE, INDEX, 'application/json', ''),
      async (fields, type) => {
        const text = JSON.stringify(fields)
          .replaceAll('{layer}', only.digest)
          .replaceAll('{config}', configuration.digest)
        const bytes = Buffer.from(text)

        const answer = await repository.putManifest(
          { mediaType: type, bytes, digest: digestOf(bytes) },
          'fuzz',
          type,
        )

        expect(answer.status).toBeLessThan(500)
      },
    ),
    { numRuns: 600 },
  )
})

/** Puts back what a random DELETE may have taken away. */
async function restore(): Promise<void> {
  await repository.pushBlob(only)
  await repository.pushBlob(configuration)
  const { pushImage } = repository
  await pushImage('v1', { config: descriptorOf(configuration), layers: [descriptorOf(only)] })
}

function credentials(): string {
  return `Basic ${Buffer.from(`admin:${site.server.adminPassword}`).toString('base64')}`
}
