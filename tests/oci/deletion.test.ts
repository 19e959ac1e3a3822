import { describe, expect, test } from 'vitest'
import { descriptorOf, index, unknownDigest } from '../harness/content.ts'
import { json } from '../harness/http.ts'
import { codesOf } from '../harness/registry.ts'
import { useSite } from '../harness/site.ts'

const site = useSite()

async function statusOf(path: string): Promise<number> {
  return (await site.registry.head(path)).status
}

describe('a tag', () => {
  test('is gone at once when it has been deleted', async () => {
    const repository = site.newRepository()
    await repository.pushImage('v1')

    const answer = await site.registry.delete(repository.at('manifests/v1'))

    expect(answer.status).toBe(202)
    expect(await statusOf(repository.at('manifests/v1'))).toBe(404)
  })

  test('takes neither its manifest nor the other tags along', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage('v1')
    await repository.pushManifest(manifest, 'v2')

    await site.registry.delete(repository.at('manifests/v1'))
    const tags = await site.registry.get(repository.at('tags/list'))

    expect(await statusOf(repository.at(`manifests/${manifest.digest}`))).toBe(200)
    expect(await statusOf(repository.at('manifests/v2'))).toBe(200)
    expect(json(tags)).toMatchObject({ tags: ['v2'] })
  })

  test('can be pushed again', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage('v1')
    await site.registry.delete(repository.at('manifests/v1'))

    await repository.pushManifest(manifest, 'v1')

    expect(await statusOf(repository.at('manifests/v1'))).toBe(200)
  })

  test('that does not exist answers 404', async () => {
    const repository = site.newRepository()
    await repository.pushImage('v1')

    const answer = await site.registry.delete(repository.at('manifests/v2'))

    expect(answer.status).toBe(404)
    expect(codesOf(answer)).toEqual(['MANIFEST_UNKNOWN'])
  })
})

describe('a manifest', () => {
  test('is gone at once with all its tags', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage('v1')
    await repository.pushManifest(manifest, 'v2')
    await repository.pushImage('stays')

    const answer = await site.registry.delete(repository.at(`manifests/${manifest.digest}`))
    const tags = await site.registry.get(repository.at('tags/list'))

    expect(answer.status).toBe(202)
    expect(await statusOf(repository.at(`manifests/${manifest.digest}`))).toBe(404)
    expect(await statusOf(repository.at('manifests/v1'))).toBe(404)
    expect(await statusOf(repository.at('manifests/v2'))).toBe(404)
    expect(json(tags)).toMatchObject({ tags: ['stays'] })
  })

  test('leaves its blobs and other images that use them', async () => {
    const repository = site.newRepository()
    const pushed = await repository.pushImage('v1')
    const other = await repository.pushImage('v2', {
      config: descriptorOf(pushed.config),
      annotations: { 'org.example.other': 'yes' },
    })

    await site.registry.delete(repository.at(`manifests/${pushed.manifest.digest}`))

    expect(await statusOf(repository.at(`manifests/${other.manifest.digest}`))).toBe(200)
    expect(await statusOf(repository.at(`blobs/${pushed.config.digest}`))).toBe(200)
  })

  test('can be pushed again', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage('v1')
    await site.registry.delete(repository.at(`manifests/${manifest.digest}`))

    await repository.pushManifest(manifest, 'v1')
    const answer = await site.registry.get(repository.at('manifests/v1'))

    expect(answer.body.equals(manifest.bytes)).toBe(true)
  })

  test('of another repository is not touched', async () => {
    const repository = site.newRepository()
    const other = site.newRepository()
    const { manifest, config, layers } = await repository.pushImage('v1')
    for (const content of [config, ...layers]) {
      await other.pushBlob(content)
    }
    await other.pushManifest(manifest, 'v1')

    await site.registry.delete(repository.at(`manifests/${manifest.digest}`))

    expect(await statusOf(other.at('manifests/v1'))).toBe(200)
  })

  test('that is an index takes the images along that nothing else names, as Harbor does', async () => {
    const repository = site.newRepository()
    const alone = await repository.pushImage()
    const tagged = await repository.pushImage('kept')
    const shared = await repository.pushImage()
    const children = [alone, tagged, shared].map(({ manifest }) => descriptorOf(manifest))
    const list = await repository.pushManifest(index(children), 'multi')
    await repository.pushManifest(index([descriptorOf(shared.manifest)]), 'other')

    const answer = await site.registry.delete(repository.at(`manifests/${list.digest}`))

    expect(answer.status).toBe(202)
    const status = (image: typeof alone) => statusOf(repository.at(`manifests/${image.manifest.digest}`))
    expect(await Promise.all([status(alone), status(tagged), status(shared)])).toEqual([404, 200, 200])
  })

  test('twice answers 404 the second time', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage('v1')
    await site.registry.delete(repository.at(`manifests/${manifest.digest}`))

    const answer = await site.registry.delete(repository.at(`manifests/${manifest.digest}`))

    expect(answer.status).toBe(404)
    expect(codesOf(answer)).toEqual(['MANIFEST_UNKNOWN'])
  })

  test('in a repository that does not exist answers 404', async () => {
    const answer = await site.registry.delete(site.newRepository().at(`manifests/${unknownDigest()}`))

    expect(answer.status).toBe(404)
  })

  test.each(['sha256:abc', `md5:${'a'.repeat(32)}`, '-bad'])(
    'by the reference %j answers 400 or 404',
    async (reference) => {
      const repository = site.newRepository()
      await repository.pushImage('v1')

      const answer = await site.registry.delete(repository.at(`manifests/${reference}`))

      expect([400, 404]).toContain(answer.status)
    },
  )
})

describe('a blob', () => {
  test('is gone at once when it has been deleted', async () => {
    const repository = site.newRepository()
    const content = await repository.pushBlob()

    const answer = await site.registry.delete(repository.at(`blobs/${content.digest}`))
    const pulled = await site.registry.get(repository.at(`blobs/${content.digest}`))

    expect(answer.status).toBe(202)
    expect(pulled.status).toBe(404)
    expect(codesOf(pulled)).toEqual(['BLOB_UNKNOWN'])
  })

  test('can be pushed again', async () => {
    const repository = site.newRepository()
    const content = await repository.pushBlob()
    await site.registry.delete(repository.at(`blobs/${content.digest}`))

    await repository.pushBlob(content)
    const answer = await site.registry.get(repository.at(`blobs/${content.digest}`))

    expect(answer.body.equals(content.bytes)).toBe(true)
  })

  test('stays in other repositories that have it', async () => {
    const repository = site.newRepository()
    const content = await repository.pushBlob()
    const other = site.newRepository()
    await other.pushBlob(content)

    await site.registry.delete(repository.at(`blobs/${content.digest}`))
    const answer = await site.registry.get(other.at(`blobs/${content.digest}`))

    expect(answer.body.equals(content.bytes)).toBe(true)
  })

  test('that does not exist answers 404', async () => {
    const repository = site.newRepository()
    await repository.pushBlob()

    const answer = await site.registry.delete(repository.at(`blobs/${unknownDigest()}`))

    expect(answer.status).toBe(404)
    expect(codesOf(answer)).toEqual(['BLOB_UNKNOWN'])
  })

  test('in a repository that does not exist answers 404', async () => {
    const answer = await site.registry.delete(site.newRepository().at(`blobs/${unknownDigest()}`))

    expect(answer.status).toBe(404)
  })

  test.each(['sha256:abc', 'nonsense'])('by the digest %j answers 400 or 404', async (digest) => {
    const repository = site.newRepository()
    await repository.pushBlob()

    const answer = await site.registry.delete(repository.at(`blobs/${digest}`))

    expect([400, 404]).toContain(answer.status)
  })
})
