import { describe, expect, test } from 'vitest'
import { descriptorOf, digestOf, IMAGE, INDEX, unknownDigest } from '../harness/content.ts'
import { codesOf, locationOf } from '../harness/registry.ts'
import { useSite } from '../harness/site.ts'

const site = useSite()

describe('pushing', () => {
  test('by tag answers 201 with the digest and a place to pull from', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage()

    const answer = await repository.putManifest(manifest, 'v1')
    const pulled = await site.registry.get(locationOf(answer), { Accept: IMAGE })

    expect(answer.status).toBe(201)
    expect(answer.headers['docker-content-digest']).toBe(manifest.digest)
    expect(pulled.body.equals(manifest.bytes)).toBe(true)
  })

  test('by digest answers 201 with the same digest', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage()

    const answer = await repository.putManifest(manifest)

    expect(answer.status).toBe(201)
    expect(answer.headers['docker-content-digest']).toBe(manifest.digest)
  })

  test('by a digest of other bytes is refused with 400 DIGEST_INVALID', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage()

    const answer = await repository.putManifest(manifest, unknownDigest())

    expect(answer.status).toBe(400)
    expect(codesOf(answer)).toEqual(['DIGEST_INVALID'])
  })

  test.each(['sha256:baddigeststring', `md5:${'a'.repeat(32)}`, `sha256:${'A'.repeat(64)}`])(
    'by the digest %j is refused with 400',
    async (digest) => {
      const repository = site.newRepository()
      const { manifest } = await repository.pushImage()

      const answer = await repository.putManifest(manifest, digest)

      expect(answer.status).toBe(400)
    },
  )

  test('moves a tag to the newer manifest, and the older stays under its digest', async () => {
    const repository = site.newRepository()
    const older = await repository.pushImage('latest')

    const newer = await repository.pushImage('latest')
    const byTag = await site.registry.get(repository.at('manifests/latest'))
    const byDigest = await site.registry.get(repository.at(`manifests/${older.manifest.digest}`))

    expect(byTag.headers['docker-content-digest']).toBe(newer.manifest.digest)
    expect(byDigest.status).toBe(200)
  })

  test('the same again answers 201', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage('latest')

    const answer = await repository.putManifest(manifest, 'latest')

    expect(answer.status).toBe(201)
  })

  test.each(['a', '_', 'A.b-c_d', '1.0', 'x'.repeat(128)])('under the tag %j is accepted', async (tag) => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage()

    const answer = await repository.putManifest(manifest, tag)

    expect(answer.status).toBe(201)
  })

  test.each(['-bad', '.bad', 'a b', 'ä', 'a+b', 'a:b', 'x'.repeat(129), '%00'])(
    'under the tag %j is refused',
    async (tag) => {
      const repository = site.newRepository()
      const { manifest } = await repository.pushImage()

      const answer = await repository.putManifest(manifest, tag.includes('%') ? tag : encodeURIComponent(tag))

      expect([400, 404]).toContain(answer.status)
    },
  )

  test('passes over parameters of the Content-Type', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage()

    const answer = await repository.putManifest(manifest, 'v1', `${IMAGE}; charset=utf-8`)
    const pulled = await site.registry.get(repository.at('manifests/v1'))

    expect(answer.status).toBe(201)
    expect(pulled.headers['content-type']).toBe(IMAGE)
  })

  test('with a Content-Type that contradicts the mediaType inside is refused', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage()

    const answer = await repository.putManifest(manifest, 'v1', INDEX)

    expect(answer.status).toBe(400)
    expect(codesOf(answer)).toEqual(['MANIFEST_INVALID'])
  })

  test('without a mediaType inside goes by the Content-Type', async () => {
    const repository = site.newRepository()
    const pushed = await repository.pushImage()
    const fields = {
      schemaVersion: 2,
      config: descriptorOf(pushed.config),
      layers: pushed.layers.map(descriptorOf),
    }
    const bytes = Buffer.from(JSON.stringify(fields))
    const manifest = { mediaType: IMAGE, bytes, digest: digestOf(bytes) }

    const answer = await repository.putManifest(manifest, 'v1')
    const pulled = await site.registry.get(repository.at('manifests/v1'))

    expect(answer.status).toBe(201)
    expect(pulled.headers['content-type']).toBe(IMAGE)
    expect(pulled.body.equals(bytes)).toBe(true)
  })
})
