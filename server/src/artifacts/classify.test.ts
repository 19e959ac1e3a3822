import fc from 'fast-check'
import { expect, test } from 'vitest'
import { OCI_IMAGE_CONFIG, OCI_INDEX } from '../oci/media-types.ts'
import { classify } from './classify.ts'
import { storable } from './processors/storable.ts'
import { shelf } from './processors/testing.ts'

const LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip'

test('an image shows when, by whom and for what it was built, and how it runs', async () => {
  const files = shelf()
  const config = files.blob(
    OCI_IMAGE_CONFIG,
    JSON.stringify({
      created: '2026-01-02T03:04:05Z',
      architecture: 'arm64',
      os: 'linux',
      config: { Cmd: ['sh'], Env: [], Labels: { maintainer: 'ann' }, Hostname: 'builder', User: '' },
      rootfs: { type: 'layers' },
    }),
  )

  const found = await classify(files.image(config), [], files)

  expect(found).toMatchObject({ type: 'IMAGE', configMediaType: OCI_IMAGE_CONFIG, accessory: undefined })
  expect(found.attributes).toEqual({
    created: '2026-01-02T03:04:05Z',
    architecture: 'arm64',
    os: 'linux',
    author: 'ann',
    config: { Cmd: ['sh'], Labels: { maintainer: 'ann' } },
  })
})

test.each([
  ['no JSON', '{'],
  ['no object', '[]'],
])('an image whose config is %s is an image all the same', async (_, body) => {
  const files = shelf()

  const found = await classify(files.image(files.blob(OCI_IMAGE_CONFIG, body)), [], files)

  expect(found).toMatchObject({ type: 'IMAGE', attributes: undefined })
})

test('a store that fails is no reason to refuse a manifest', async () => {
  const files = shelf()
  const manifest = files.image(files.blob(OCI_IMAGE_CONFIG, '{}'))

  const found = await classify(manifest, [], { ...files, json: () => Promise.reject(new Error('EIO')) })

  expect(found).toMatchObject({ type: 'IMAGE', attributes: undefined })
})

test('a chart shows its whole config', async () => {
  const files = shelf()
  const config = files.blob('application/vnd.cncf.helm.config.v1+json', '{"name":"app","version":"1.0.0"}')

  const found = await classify(files.image(config), [], files)

  expect(found).toMatchObject({ type: 'CHART', attributes: { name: 'app', version: '1.0.0' } })
})

test('an index is an image, or what its annotation says', async () => {
  const files = shelf()
  const bundle = files.blob('application/vnd.cnab.config.v1+json', '{"name":"bundle"}')
  const holder = files.put({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: bundle,
    layers: [],
  })
  const manifests = [{ ...holder.descriptor, annotations: { 'io.cnab.manifest.type': 'config' } }]
  const plain = files.put({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [] })
  const annotations = { 'org.opencontainers.artifactType': 'application/vnd.cnab.manifest.v1' }
  const cnab = files.put({ schemaVersion: 2, mediaType: OCI_INDEX, manifests, annotations })

  expect(await classify(plain.manifest, [], files)).toMatchObject({
    type: 'IMAGE',
    configMediaType: OCI_INDEX,
    attributes: {},
  })
  expect(await classify(cnab.manifest, [], files)).toMatchObject({
    type: 'CNAB',
    configMediaType: 'application/vnd.cnab.manifest.v1',
    attributes: { name: 'bundle' },
  })
})

test('WebAssembly is known by its config and by annotations', async () => {
  const files = shelf()
  const bare = files.image(files.blob('application/vnd.wasm.config.v1+json', '{}'), [
    files.blob('application/vnd.wasm.content.layer.v1+wasm', 'asm', {
      'org.opencontainers.image.title': 'a.wasm',
    }),
  ])
  const compat = files.image(files.blob(OCI_IMAGE_CONFIG, '{"os":"wasi"}'), [], {
    annotations: { 'module.wasm.image/variant': 'compat' },
  })

  expect(await classify(bare, [], files)).toMatchObject({
    type: 'WASM',
    attributes: {
      'manifest.config.mediaType': 'application/vnd.wasm.config.v1+json',
      'manifest.layers.mediaType': 'application/vnd.wasm.content.layer.v1+wasm',
      'org.opencontainers.image.title': 'a.wasm',
    },
  })
  expect(await classify(compat, [], files)).toMatchObject({
    type: 'WASM',
    configMediaType: 'application/vnd.wasm.config.v1+json',
    attributes: { os: 'wasi', 'manifest.config.mediaType': OCI_IMAGE_CONFIG },
  })
})

test('models and bills of materials are known by their artifact type', async () => {
  const files = shelf()
  const empty = files.blob('application/vnd.oci.empty.v1+json', '{}')
  const config = files.blob('application/vnd.cncf.model.config.v1+json', '{"descriptor":{"name":"m"}}')
  const model = files.image(config, [], { artifactType: 'application/vnd.cncf.model.manifest.v1+json' })
  const sbom = files.image(empty, [], { artifactType: 'application/vnd.goharbor.harbor.sbom.v1' })

  expect(await classify(model, [], files)).toMatchObject({
    type: 'CNAI',
    attributes: { descriptor: { name: 'm' } },
  })
  expect(await classify(sbom, [], files)).toMatchObject({ type: 'SBOM', attributes: {} })
})

test.each([
  ['application/vnd.acme.rocket.config.v1+json', 'ROCKET'],
  ['application/vnd.acme.space.rocket.config.v2+json', 'SPACE.ROCKET'],
  ['application/vnd.acme.rocket+json', 'UNKNOWN'],
  ['application/vnd.acme.config.v1+json', 'UNKNOWN'],
  ['text/plain', 'UNKNOWN'],
])('%s that nobody has registered is %s', async (mediaType, type) => {
  const files = shelf()

  expect((await classify(files.image(files.blob(mediaType, '{}')), [], files)).type).toBe(type)
})

test('an unknown config is shown without what its author asks to leave out', async () => {
  const files = shelf()
  const config = files.blob('application/vnd.acme.rocket.config.v1+json', '{"stages":2,"big":"…","x":1}', {
    'io.goharbor.artifact.v1alpha1.skip-list': 'big, x',
  })

  expect((await classify(files.image(config), [], files)).attributes).toEqual({ stages: 2 })
})

test('an attestation dressed as an image is none', async () => {
  const files = shelf()
  const config = files.blob(OCI_IMAGE_CONFIG, '{"architecture":"unknown","os":"unknown"}')
  const statement = (type: string) =>
    files.blob('application/vnd.in-toto+json', type, { 'in-toto.io/predicate-type': type })

  const found = await classify(
    files.image(config, [statement('https://slsa.dev/provenance/v1'), statement('spdx')]),
    [],
    files,
  )

  expect(found).toMatchObject({
    type: 'ATTESTATION',
    attributes: { predicate_types: ['https://slsa.dev/provenance/v1', 'spdx'] },
  })
})

test('an attestation that says so is one, and belongs to what it speaks of', async () => {
  const files = shelf()
  const subject = { mediaType: OCI_INDEX, digest: `sha256:${'a'.repeat(64)}`, size: 1 }
  const manifest = files.image(
    files.blob('application/vnd.oci.empty.v1+json', '{}'),
    [files.blob('application/vnd.in-toto+json', '{}')],
    { artifactType: 'application/vnd.docker.attestation.manifest.v1+json', subject },
  )

  expect(await classify(manifest, [], files)).toMatchObject({
    type: 'ATTESTATION',
    accessory: { type: 'attestation.buildkit', of: subject.digest },
  })
})

test('a layer marked as icon is one if it is a picture', async () => {
  const files = shelf()
  const mark = { 'io.goharbor.artifact.v1alpha1.icon': '' }
  const png = files.blob(LAYER, Buffer.from('89504e470d0a1a0a00', 'hex'), mark)
  const html = files.blob(LAYER, '<script>', mark)
  const config = files.blob('application/x', '')

  expect((await classify(files.image(config, [png]), [], files)).icon).toBe(png.digest)
  expect((await classify(files.image(config, [html]), [], files)).icon).toBeUndefined()
})

test('attributes that cannot be stored are made so or left out', () => {
  let deep: object = {}
  for (let level = 0; level < 100; level += 1) deep = { deep }

  expect(storable({ 'a\0b': 'c\0d', half: '\ud800', list: ['\0'] })).toEqual({
    ab: 'cd',
    half: '\ufffd',
    list: [''],
  })
  expect(storable(deep as Record<string, unknown>)).toBeUndefined()
  expect(storable({ long: 'x'.repeat(300_000) })).toBeUndefined()
})

test('no config makes classification fail', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.string({ unit: 'binary' }), fc.json(), fc.json({ stringUnit: 'binary' })),
      fc.constantFrom(
        OCI_IMAGE_CONFIG,
        'application/vnd.cncf.helm.config.v1+json',
        'application/vnd.a.b.config.v1+json',
      ),
      async (body, mediaType) => {
        const files = shelf()
        const { attributes } = await classify(files.image(files.blob(mediaType, body)), [], files)
        expect(JSON.stringify(attributes) ?? '').not.toContain('\\u0000')
      },
    ),
  )
}, 60_000)
