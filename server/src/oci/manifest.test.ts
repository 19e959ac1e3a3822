import fc from 'fast-check'
import { expect, test } from 'vitest'
import { leastProcessorTimeOf } from '../lib/testing-time.ts'
import { OciError } from './errors.ts'
import { parseManifest } from './manifest.ts'
import { DOCKER_LIST, OCI_IMAGE, OCI_INDEX } from './media-types.ts'

const digest = (letter: string) => `sha256:${letter.repeat(64)}`
const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digest('c'), size: 7 }
const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: digest('a'), size: 11 }

function parse(value: unknown, contentType?: string) {
  return parseManifest(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)), contentType)
}

test('an image names its config and layers, and its type is that of its config', () => {
  const manifest = parse({ schemaVersion: 2, mediaType: OCI_IMAGE, config, layers: [layer, layer] })

  expect(manifest).toMatchObject({ kind: 'image', artifactType: config.mediaType, referencedSize: 18 })
  expect(manifest.blobs).toHaveLength(3)
})

test('an artifact type of its own goes before that of the config', () => {
  const manifest = parse({
    schemaVersion: 2,
    mediaType: OCI_IMAGE,
    artifactType: 'application/x',
    config,
    layers: [],
  })

  expect(manifest.artifactType).toBe('application/x')
})

test('media types are as long as they may be, and no longer', () => {
  const image = { schemaVersion: 2, mediaType: OCI_IMAGE, config, layers: [layer] }
  const type = (length: number) => `application/${'x'.repeat(length - 12)}`
  const withTypes = (length: number) => [
    { ...image, artifactType: type(length) },
    { ...image, config: { ...config, mediaType: type(length) } },
    { ...image, layers: [{ ...layer, mediaType: type(length) }] },
  ]

  for (const manifest of withTypes(255)) expect(parse(manifest).kind).toBe('image')
  for (const manifest of withTypes(256)) expect(() => parse(manifest)).toThrow('longer')
})

test('foreign layers need not be there', () => {
  const foreign = { ...layer, mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip' }

  const manifest = parse({ schemaVersion: 2, mediaType: OCI_IMAGE, config, layers: [foreign] })

  expect(manifest.blobs).toEqual([config])
})

test('an index has children and no type unless it says one', () => {
  const child = { mediaType: OCI_IMAGE, digest: digest('b'), size: 3, platform: { os: 'linux' } }

  const manifest = parse({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [child] })

  expect(manifest).toMatchObject({ kind: 'index', artifactType: undefined, children: [child], blobs: [] })
})

test('the header gives the type where the manifest does not, without its parameters', () => {
  const manifest = parse({ schemaVersion: 2, manifests: [] }, `${DOCKER_LIST}; charset=utf-8`)

  expect(manifest.mediaType).toBe(DOCKER_LIST)
})

test('a subject may have a digest of any algorithm', () => {
  const subject = { mediaType: OCI_IMAGE, digest: 'blake3:abc', size: 1 }

  expect(parse({ schemaVersion: 2, mediaType: OCI_IMAGE, config, layers: [], subject }).subject).toEqual(
    subject,
  )
})

test('of a platform no more is kept than the specification names', () => {
  const platform = {
    os: 'linux',
    'os.features': ['a'],
    variant: 7,
    architecture: 'a\0',
    nested: { deep: {} },
  }
  const child = { mediaType: OCI_IMAGE, digest: digest('b'), size: 3, platform }

  const [read] = parse({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [child] }).children

  expect(read?.platform).toEqual({ os: 'linux', 'os.features': ['a'] })
})

test('a manifest that is deep is refused before it is parsed', async () => {
  const annotations = `{"a":${'['.repeat(2_000_000)}${']'.repeat(2_000_000)}}`

  const text = `{"schemaVersion":2,"mediaType":"${OCI_IMAGE}","annotations":${annotations}}`

  const refusing = await leastProcessorTimeOf(() => expect(() => parse(text)).toThrow(OciError), 3)
  const parsing = await leastProcessorTimeOf(() => JSON.parse(text), 3)
  expect(refusing).toBeLessThan(parsing / 5)
})

test('as many layers as a manifest may have are read, and more fields in one object than anybody needs are not', () => {
  const layers = Array.from({ length: 20_000 }, () => layer)
  const annotations = Object.fromEntries(Array.from({ length: 10_001 }, (_, at) => [`k${at}`, '']))

  expect(parse({ ...image, layers }).layers).toHaveLength(20_000)
  expect(() => parse({ ...image, annotations })).toThrow(/too many values or fields/)
})

test('a subject that is null is none', () => {
  const value = { schemaVersion: 2, mediaType: OCI_IMAGE, config, layers: [], subject: null }

  expect(parse(value).subject).toBeUndefined()
})

const image = { schemaVersion: 2, mediaType: OCI_IMAGE, config, layers: [] }

test.each([
  ['what is not JSON', 'hello', undefined],
  ['a list', [], OCI_IMAGE],
  ['no media type at all', { schemaVersion: 2, config, layers: [] }, undefined],
  ['an unknown media type', { schemaVersion: 2, mediaType: 'application/x' }, undefined],
  ['a header that contradicts', { schemaVersion: 2, mediaType: OCI_IMAGE, config, layers: [] }, OCI_INDEX],
  ['schema version 1', { schemaVersion: 1, mediaType: OCI_IMAGE, config, layers: [] }, undefined],
  ['an image without layers', { schemaVersion: 2, mediaType: OCI_IMAGE, config }, undefined],
  [
    'a descriptor without size',
    { schemaVersion: 2, mediaType: OCI_IMAGE, config: { ...config, size: -1 }, layers: [] },
    '',
  ],
  [
    'a digest of an unknown algorithm',
    { schemaVersion: 2, mediaType: OCI_IMAGE, config: { ...config, digest: 'md5:abc' }, layers: [] },
    '',
  ],
  [
    'annotations that are no strings',
    { schemaVersion: 2, mediaType: OCI_IMAGE, config, layers: [], annotations: { a: 1 } },
    '',
  ],
  ['an image that lists manifests', { ...image, manifests: [] }, ''],
  ['an index that has layers', { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [], layers: [] }, ''],
  ['an index that has a config', { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [], config }, ''],
  ['layers given twice', `${JSON.stringify(image).slice(0, -1)},"layers":[]}`, ''],
  ['a digest given twice', JSON.stringify(image).replace('"size":7', '"size":7,"digest":"x"'), ''],
  ['layers in another spelling besides', { ...image, Layers: [layer] }, ''],
  ['layers in letters that Go takes for the same', { ...image, 'layer\u017f': [layer] }, ''],
  ['a digest in another spelling besides', { ...image, config: { ...config, Digest: digest('f') } }, ''],
  ['a NUL in an annotation', { ...image, annotations: { a: 'x\0' } }, ''],
  ['a NUL in the name of an annotation', { ...image, annotations: { 'x\0': 'a' } }, ''],
  ['half a character in an annotation', { ...image, annotations: { a: '\ud800' } }, ''],
  ['a NUL in the artifact type', { ...image, artifactType: 'a\0' }, ''],
  ['a NUL in the type of the config', { ...image, config: { ...config, mediaType: 'a\0' } }, ''],
  [
    'a subject with an endless digest',
    { ...image, subject: { ...config, digest: `blake3:${'a'.repeat(3000)}` } },
    '',
  ],
])('%s is refused', (_what, value, contentType) => {
  expect(() => parse(value, contentType)).toThrow(/^manifest invalid/)
})

test('nothing but an error of the specification ever comes out of foreign JSON', () => {
  fc.assert(
    fc.property(fc.json(), fc.constantFrom(OCI_IMAGE, OCI_INDEX, undefined), (text, contentType) => {
      try {
        parse(text, contentType)
      } catch (error) {
        expect(error).toBeInstanceOf(OciError)
      }
    }),
  )
})

test('of a good manifest with one thing in it changed, either nothing is left or only what may be referenced', () => {
  const good = {
    schemaVersion: 2,
    mediaType: OCI_IMAGE,
    config,
    layers: [layer, { ...layer, digest: digest('b') }],
    subject: { ...config, digest: digest('d') },
    annotations: { a: 'b' },
  }
  const paths = [
    ...['schemaVersion', 'mediaType', 'config', 'layers', 'subject', 'annotations', 'artifactType'],
    ...['config.digest', 'config.size', 'config.mediaType', 'layers.0', 'layers.1.digest', 'layers.1.size'],
    ...[
      'subject.digest',
      'annotations.a',
      'config.platform',
      'config.annotations',
      '__proto__',
      'config.__proto__',
    ],
  ]
  fc.assert(
    fc.property(fc.constantFrom(...paths), fc.jsonValue({ maxDepth: 3 }), (path, value) => {
      const changed = structuredClone(good) as unknown as Record<string, unknown>
      const names = path.split('.')
      const last = names.pop() as string
      const place = names.reduce((at, name) => at[name] as Record<string, unknown>, changed)
      Object.defineProperty(place, last, { value, enumerable: true, configurable: true, writable: true })
      let read: ReturnType<typeof parse>
      try {
        read = parse(changed)
      } catch (error) {
        expect(error).toBeInstanceOf(OciError)
        return
      }

      for (const { digest: named, size } of [...read.blobs, ...read.children]) {
        expect(named).toMatch(/^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/)
        expect(Number.isSafeInteger(size) && size >= 0).toBe(true)
      }
      expect(Number.isSafeInteger(read.referencedSize)).toBe(true)
    }),
    { numRuns: 500 },
  )
})
