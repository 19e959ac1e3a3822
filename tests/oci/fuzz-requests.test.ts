import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Content, descriptorOf, layer, unknownDigest } from '../harness/content.ts'
import { headers, methods, parameters, scraps, targets } from '../harness/hostile.ts'
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

test('no request, however malformed, is answered with an error of the server', async () => {
  const request = fc.record({
    method: methods,
    target: targets,
    query: fc.array(fc.tuple(parameters, fc.oneof(scraps, fc.string({ maxLength: 20 }))), { maxLength: 4 }),
    headers: fc.array(headers, { maxLength: 3 }),
    body: fc.uint8Array({ maxLength: 300 }),
    withCredentials: fc.boolean(),
  })

  await fc.assert(
    fc.asyncProperty(request, async (asked) => {
      const target = asked.target.replace('{repository}', repository.name)
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

      // 501 is the right word for a Transfer-Encoding that HTTP does not know (RFC 9112, 6.1).
      expect(status === 501 ? 400 : status).toBeLessThan(500)
    }),
    { numRuns: 1500 },
  )
})

test('no well-formed request is answered with an error of the server', async () => {
  const value = fc.oneof(
    scraps,
    fc.constantFrom('{known}', '{unknown}', '{repository}', 'sha512', 'sha256', '3'),
    fc.string({ unit: 'grapheme', maxLength: 30 }),
  )
  const kinds = `manifests/v1 manifests/{known} manifests/{unknown} manifests/new blobs/{known} blobs/{unknown}
    blobs/uploads/ blobs/uploads/{upload} tags/list referrers/{known} referrers/{unknown} referrers/x other`
  const request = fc.record({
    method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'),
    kind: fc.constantFrom(...kinds.split(/\s+/)),
    query: fc.array(fc.tuple(parameters, value), { maxLength: 3 }),
    headers: fc.array(headers, { maxLength: 2 }),
    body: fc.oneof(fc.constant(''), fc.json({ maxDepth: 3 }), fc.string({ maxLength: 100 })),
  })

  await fc.assert(
    fc.asyncProperty(request, async (asked) => {
      const upload = asked.kind.includes('{upload}') ? await newUpload() : ''
      const fill = (text: string) =>
        text
          .replace('{known}', only.digest)
          .replace('{unknown}', unknownDigest())
          .replace('{repository}', repository.name)
          .replace('blobs/uploads/{upload}', upload)
      const search = asked.query.map(([key, text]) => `${key}=${encodeURIComponent(fill(text))}`).join('&')
      const rest = fill(asked.kind)
      const allowed = asked.headers.filter(([key]) => !/^(transfer|expect|upgrade|authorization)/i.test(key))

      const answer = await site.registry.send({
        method: asked.method,
        path: repository.at(rest) + (search === '' ? '' : (rest.includes('?') ? '&' : '?') + search),
        headers: Object.fromEntries(allowed.map(([key, text]) => [key, text.replace(/[^\x20-\x7e]/g, '?')])),
        body: asked.body,
      })
      if (asked.method === 'DELETE' && answer.status === 202) {
        await restore()
      }

      expect(answer.status).toBeLessThan(500)
    }),
    { numRuns: 800 },
  )
})

/** What follows the repository's name in the place of a new upload. */
async function newUpload(): Promise<string> {
  const answer = await site.registry.send({ method: 'POST', path: repository.at('blobs/uploads/') })
  return locationOf(answer).replace(repository.at(''), '')
}

/** Puts back what a random DELETE has taken away. */
async function restore(): Promise<void> {
  await repository.pushBlob(only)
  await repository.pushBlob(configuration)
  await repository.pushImage('v1', { config: descriptorOf(configuration), layers: [descriptorOf(only)] })
}

function credentials(): string {
  return `Basic ${Buffer.from(`admin:${site.server.adminPassword}`).toString('base64')}`
}
