import { describe, expect, test } from 'vitest'
import {
  blob,
  config,
  type Descriptor,
  descriptorOf,
  IMAGE,
  image,
  index,
  layer,
} from '../harness/content.ts'
import { codesOf } from '../harness/registry.ts'
import { useSite } from '../harness/site.ts'

const site = useSite()

const nondistributable = [
  'application/vnd.oci.image.layer.nondistributable.v1.tar',
  'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
  'application/vnd.oci.image.layer.nondistributable.v1.tar+zstd',
  'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
]

function missing(mediaType: string): Descriptor {
  return descriptorOf(blob(50, mediaType))
}

test('an image whose layer is missing is refused with MANIFEST_BLOB_UNKNOWN', async () => {
  const repository = site.newRepository()
  const configuration = await repository.pushBlob(config())
  const manifest = image({ config: descriptorOf(configuration), layers: [descriptorOf(layer())] })

  const answer = await repository.putManifest(manifest, 'v1')

  expect([400, 404]).toContain(answer.status)
  expect(codesOf(answer)).toEqual(['MANIFEST_BLOB_UNKNOWN'])
  expect((await site.registry.head(repository.at('manifests/v1'))).status).toBe(404)
})

test('an image whose configuration is missing is refused with MANIFEST_BLOB_UNKNOWN', async () => {
  const repository = site.newRepository()
  const only = await repository.pushBlob(layer())
  const manifest = image({ config: descriptorOf(config()), layers: [descriptorOf(only)] })

  const answer = await repository.putManifest(manifest, 'v1')

  expect(codesOf(answer)).toEqual(['MANIFEST_BLOB_UNKNOWN'])
})

test('every missing blob is named in the answer', async () => {
  const repository = site.newRepository()
  const configuration = config()
  const only = layer()
  const manifest = image({ config: descriptorOf(configuration), layers: [descriptorOf(only)] })

  const answer = await repository.putManifest(manifest, 'v1')

  expect(codesOf(answer)).toEqual(['MANIFEST_BLOB_UNKNOWN', 'MANIFEST_BLOB_UNKNOWN'])
  expect(answer.body.toString('utf8')).toContain(configuration.digest)
  expect(answer.body.toString('utf8')).toContain(only.digest)
})

test('a blob of another repository does not count', async () => {
  const only = await site.newRepository().pushBlob(layer())
  const repository = site.newRepository()
  const configuration = await repository.pushBlob(config())
  const manifest = image({ config: descriptorOf(configuration), layers: [descriptorOf(only)] })

  const answer = await repository.putManifest(manifest, 'v1')

  expect(codesOf(answer)).toEqual(['MANIFEST_BLOB_UNKNOWN'])
})

test('a blob that has been deleted does not count', async () => {
  const repository = site.newRepository()
  const pushed = await repository.pushImage()
  await site.registry.delete(repository.at(`manifests/${pushed.manifest.digest}`))
  await site.registry.delete(repository.at(`blobs/${pushed.config.digest}`))

  const answer = await repository.putManifest(pushed.manifest, 'v1')

  expect(codesOf(answer)).toEqual(['MANIFEST_BLOB_UNKNOWN'])
})

test('an index whose image is missing is refused with MANIFEST_BLOB_UNKNOWN', async () => {
  const repository = site.newRepository()
  const { manifest } = await repository.pushImage()
  const list = index([descriptorOf(manifest), missing(IMAGE)])

  const answer = await repository.putManifest(list, 'v1')

  expect([400, 404]).toContain(answer.status)
  expect(codesOf(answer)).toEqual(['MANIFEST_BLOB_UNKNOWN'])
})

test.each(nondistributable)('a layer of the type %s need not be there', async (mediaType) => {
  const repository = site.newRepository()
  const configuration = await repository.pushBlob(config())
  const only = await repository.pushBlob(layer())
  const foreign = { ...missing(mediaType), urls: ['https://example.com/layer'] }
  const manifest = image({ config: descriptorOf(configuration), layers: [foreign, descriptorOf(only)] })

  const answer = await repository.putManifest(manifest, 'v1')

  expect(answer.status).toBe(201)
})

test('a subject need not be there', async () => {
  const repository = site.newRepository()
  const subject = missing(IMAGE)

  const { manifest } = await repository.pushImage('v1', { subject })
  const answer = await repository.putManifest(manifest, 'v1')

  expect(answer.status).toBe(201)
  expect(answer.headers['oci-subject']).toBe(subject.digest)
})

describe('where the settings allow sparse indexes', () => {
  const sparse = useSite({ env: { PORTOLAN_REGISTRY_SPARSE_INDEX: 'true' } })

  test('an index may be pushed before its images', async () => {
    const repository = sparse.newRepository()
    const list = index([missing(IMAGE)])

    const answer = await repository.putManifest(list, 'v1')
    const pulled = await sparse.registry.get(repository.at('manifests/v1'))

    expect(answer.status).toBe(201)
    expect(pulled.body.equals(list.bytes)).toBe(true)
  })

  test('an image that comes later is pulled through its index as usual', async () => {
    const repository = sparse.newRepository()
    const configuration = await repository.pushBlob(config())
    const manifest = image({ config: descriptorOf(configuration), layers: [] })
    await repository.pushManifest(index([descriptorOf(manifest)]), 'v1')

    await repository.pushManifest(manifest)
    const pulled = await sparse.registry.get(repository.at(`manifests/${manifest.digest}`))

    expect(pulled.status).toBe(200)
  })

  test('an image still needs its layers', async () => {
    const repository = sparse.newRepository()
    const configuration = await repository.pushBlob(config())
    const manifest = image({ config: descriptorOf(configuration), layers: [descriptorOf(layer())] })

    const answer = await repository.putManifest(manifest, 'v1')

    expect(codesOf(answer)).toEqual(['MANIFEST_BLOB_UNKNOWN'])
  })
})
