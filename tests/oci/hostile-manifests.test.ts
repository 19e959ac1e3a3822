import { beforeAll, describe, expect, test } from 'vitest'
import { type Content, config, descriptorOf, digestOf, IMAGE, INDEX, layer } from '../harness/content.ts'
import type { Repository } from '../harness/repository.ts'
import { useSite } from '../harness/site.ts'

const site = useSite()

let repository: Repository
let configuration: Content
let only: Content

beforeAll(async () => {
  repository = site.newRepository()
  configuration = await repository.pushBlob(config())
  only = await repository.pushBlob(layer())
})

/** A good image with these fields in place of its own. */
function imageText(fields: Record<string, unknown>): string {
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: IMAGE,
    config: descriptorOf(configuration),
    layers: [descriptorOf(only)],
    ...fields,
  })
}

function push(text: string | Buffer, mediaType = IMAGE) {
  const bytes = Buffer.from(text)
  return repository.putManifest({ mediaType, bytes, digest: digestOf(bytes) })
}

describe('a manifest that cannot be one is refused with 400', () => {
  const cases: [string, () => string | Buffer][] = [
    ['nothing', () => ''],
    ['a word', () => 'hello'],
    ['a string', () => '"hello"'],
    ['a number', () => '17'],
    ['null', () => 'null'],
    ['a list', () => '[]'],
    ['an empty object', () => '{}'],
    ['half an object', () => imageText({}).slice(0, -10)],
    ['an object and something more', () => `${imageText({})}{}`],
    ['bytes that are not UTF-8', () => Buffer.from(`${imageText({}).slice(0, -1)},"a":"\xff"}`, 'latin1')],
    ['lists in lists without end', () => `${'['.repeat(1_000_000)}`],
    ['lists in lists that do end', () => `{"a":${'['.repeat(500_000)}${']'.repeat(500_000)}}`],
    ['schema 1', () => imageText({ schemaVersion: 1 })],
    ['a schema in words', () => imageText({ schemaVersion: 'two' })],
    ['no configuration', () => imageText({ config: undefined })],
    ['a configuration that is null', () => imageText({ config: null })],
    ['a configuration that is a string', () => imageText({ config: 'config' })],
    ['a configuration without digest', () => imageText({ config: { mediaType: 'a/b', size: 1 } })],
    ['layers that are an object', () => imageText({ layers: {} })],
    ['layers that are a string', () => imageText({ layers: 'layers' })],
    ['a layer that is null', () => imageText({ layers: [null] })],
    ['a layer that is a number', () => imageText({ layers: [1] })],
    ['a malformed digest', () => imageText({ layers: [{ ...descriptorOf(only), digest: 'sha256:abc' }] })],
    ['a digest that is a number', () => imageText({ layers: [{ ...descriptorOf(only), digest: 7 }] })],
    ['a negative size', () => imageText({ layers: [{ ...descriptorOf(only), size: -1 }] })],
    ['a size in words', () => imageText({ layers: [{ ...descriptorOf(only), size: 'large' }] })],
    ['a subject that is a string', () => imageText({ subject: 'subject' })],
    ['a subject without digest', () => imageText({ subject: { mediaType: IMAGE, size: 1 } })],
    ['annotations that are a list', () => imageText({ annotations: ['a'] })],
    ['an annotation that is a number', () => imageText({ annotations: { a: 1 } })],
    ['an artifact type that is a number', () => imageText({ artifactType: 1 })],
    ['a media type that is a number', () => imageText({ mediaType: 1 })],
    ['the same key twice', () => imageText({}).replace(/}$/, ',"layers":[]}')],
    ['a key that others read as the same', () => imageText({ Layers: [] })],
  ]

  test.each(cases)('%s', async (_, text) => {
    const answer = await push(text())

    expect(answer.status).toBe(400)
  })

  test('an index whose manifests are an object', async () => {
    const answer = await push(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: {} }), INDEX)

    expect(answer.status).toBe(400)
  })

  test.each(['text/html', 'application/json', 'application/vnd.docker.distribution.manifest.v1+prettyjws'])(
    'one of the type %s',
    async (mediaType) => {
      const answer = await push(imageText({ mediaType }), mediaType)

      expect(answer.status).toBe(400)
    },
  )
})

describe('an odd manifest is taken as it is or refused, and the repository goes on working', () => {
  const cases: [string, () => string][] = [
    ['a NUL in an annotation', () => imageText({ annotations: { 'a\u0000': 'b\u0000c' } })],
    [
      'half a surrogate pair in an annotation',
      () => imageText({}).replace(/}$/, ',"annotations":{"a":"\\ud800"}}'),
    ],
    ['a NUL in the artifact type', () => imageText({ artifactType: 'application/a\u0000b' })],
    ['a very long artifact type', () => imageText({ artifactType: `application/${'x'.repeat(100_000)}` })],
    ['a key called __proto__', () => imageText({}).replace(/}$/, ',"annotations":{"__proto__":"x"}}')],
    ['a key called constructor', () => imageText({ constructor: { prototype: 1 } })],
    [
      'a size beyond 2^53',
      () => imageText({ layers: [] }).replace('"layers":[]', `"layers":[${huge('9007199254740993')}]`),
    ],
    [
      'a size beyond 2^63',
      () => imageText({ layers: [] }).replace('"layers":[]', `"layers":[${huge('9223372036854775808')}]`),
    ],
    [
      'an infinite size',
      () => imageText({ layers: [] }).replace('"layers":[]', `"layers":[${huge('1e400')}]`),
    ],
    ['a size that is wrong', () => imageText({ layers: [{ ...descriptorOf(only), size: 1 }] })],
    ['a fraction for a size', () => imageText({ layers: [{ ...descriptorOf(only), size: 1.5 }] })],
    [
      'a platform that is a string',
      () => imageText({ config: { ...descriptorOf(configuration), platform: 'linux' } }),
    ],
    ['urls that are a number', () => imageText({ layers: [{ ...descriptorOf(only), urls: 1 }] })],
    ['data that is not base64', () => imageText({ layers: [{ ...descriptorOf(only), data: '***' }] })],
    [
      'twenty thousand times the same layer',
      () => imageText({ layers: Array(20_000).fill(descriptorOf(only)) }),
    ],
    ['a byte order mark in front', () => `\ufeff${imageText({})}`],
    [
      'itself as its subject, or nearly',
      () => imageText({ subject: { ...descriptorOf(only), mediaType: IMAGE } }),
    ],
    ['thousands of annotations', () => imageText({ annotations: manyAnnotations() })],
  ]

  test.each(cases)('%s', async (_, text) => {
    const subject = descriptorOf(configuration)
    const bytes = Buffer.from(withSubject(text(), subject))

    const answer = await push(bytes)
    const pulled = await site.registry.get(repository.at(`manifests/${digestOf(bytes)}`))
    const referrers = await site.registry.get(repository.at(`referrers/${subject.digest}`))

    expect([201, 400, 404]).toContain(answer.status)
    expect(pulled.status).toBe(answer.status === 201 ? 200 : 404)
    expect(pulled.status !== 200 || pulled.body.equals(bytes)).toBe(true)
    expect(referrers.status).toBe(200)
  })

  test.each(['subject', 'annotations', 'artifactType', 'layers'])(
    '%s that is null counts as absent, as some clients write it',
    async (field) => {
      const answer = await push(imageText({ [field]: null }))

      expect(answer.status).toBe(201)
    },
  )

  function huge(size: string): string {
    return `{"mediaType":"${only.mediaType}","digest":"${only.digest}","size":${size}}`
  }

  function withSubject(text: string, subject: object): string {
    return text.includes('"subject"') ? text : text.replace(/}$/, `,"subject":${JSON.stringify(subject)}}`)
  }

  function manyAnnotations(): Record<string, string> {
    return Object.fromEntries(
      Array.from({ length: 20_000 }, (_, at) => [`org.example.${at}`, 'x'.repeat(100)]),
    )
  }
})
