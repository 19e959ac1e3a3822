import { describe, expect, test } from 'vitest'
import {
  blob,
  config,
  DOCKER_CONFIG,
  DOCKER_IMAGE,
  DOCKER_LAYER,
  DOCKER_LIST,
  descriptorOf,
  digestOf,
  emptyConfig,
  IMAGE,
  INDEX,
  image,
  index,
  layer,
} from '../harness/content.ts'
import { pushTwoPlatforms } from '../harness/platforms.ts'
import type { Repository } from '../harness/repository.ts'
import { useSite } from '../harness/site.ts'

const site = useSite()

async function dockerImage(repository: Repository) {
  const configuration = await repository.pushBlob({ ...config(), mediaType: DOCKER_CONFIG })
  const only = await repository.pushBlob({ ...layer(), mediaType: DOCKER_LAYER })
  return image({ config: descriptorOf(configuration), layers: [descriptorOf(only)] }, DOCKER_IMAGE)
}

describe('what can be pushed', () => {
  test('an index of images for two platforms', async () => {
    const repository = site.newRepository()
    const list = index(await pushTwoPlatforms(repository))

    const answer = await repository.putManifest(list, 'multi')
    const pulled = await site.registry.get(repository.at('manifests/multi'))

    expect(answer.status).toBe(201)
    expect(pulled.headers['content-type']).toBe(INDEX)
    expect(pulled.body.equals(list.bytes)).toBe(true)
  })

  test('an index of indexes', async () => {
    const repository = site.newRepository()
    const inner = [
      await repository.pushManifest(index(await pushTwoPlatforms(repository))),
      await repository.pushManifest(index(await pushTwoPlatforms(repository))),
    ]

    const answer = await repository.putManifest(index(inner.map(descriptorOf)), 'nested')

    expect(answer.status).toBe(201)
  })

  test('an empty index', async () => {
    const answer = await site.newRepository().putManifest(index([]), 'empty')

    expect(answer.status).toBe(201)
  })

  test('a Docker image', async () => {
    const repository = site.newRepository()
    const manifest = await dockerImage(repository)

    const answer = await repository.putManifest(manifest, 'docker')
    const pulled = await site.registry.get(repository.at('manifests/docker'))

    expect(answer.status).toBe(201)
    expect(pulled.headers['content-type']).toBe(DOCKER_IMAGE)
  })

  test('a Docker manifest list', async () => {
    const repository = site.newRepository()
    const manifest = await repository.pushManifest(await dockerImage(repository))
    const list = index([descriptorOf(manifest)], {}, DOCKER_LIST)

    const answer = await repository.putManifest(list, 'docker')
    const pulled = await site.registry.get(repository.at('manifests/docker'))

    expect(answer.status).toBe(201)
    expect(pulled.headers['content-type']).toBe(DOCKER_LIST)
  })

  test('an artifact of any type, with the empty configuration', async () => {
    const repository = site.newRepository()
    const configuration = await repository.pushBlob(emptyConfig())
    const only = await repository.pushBlob(blob(100, 'application/vnd.example.data'))
    const artifact = image({
      artifactType: 'application/vnd.example.thing',
      config: descriptorOf(configuration),
      layers: [descriptorOf(only)],
    })

    const answer = await repository.putManifest(artifact, 'artifact')

    expect(answer.status).toBe(201)
  })

  test('an artifact whose only layer is the empty object', async () => {
    const repository = site.newRepository()
    const empty = await repository.pushBlob(emptyConfig())
    const artifact = image({
      artifactType: 'application/vnd.example.thing',
      config: descriptorOf(empty),
      layers: [descriptorOf(empty)],
    })

    const answer = await repository.putManifest(artifact, 'artifact')

    expect(answer.status).toBe(201)
  })

  test('an index with an artifact type', async () => {
    const repository = site.newRepository()
    const list = index(await pushTwoPlatforms(repository), { artifactType: 'application/vnd.example.list' })

    const answer = await repository.putManifest(list, 'list')

    expect(answer.status).toBe(201)
  })

  test('an image without layers', async () => {
    const repository = site.newRepository()
    const configuration = await repository.pushBlob(config())

    const answer = await repository.putManifest(
      image({ config: descriptorOf(configuration), layers: [] }),
      'v1',
    )

    expect(answer.status).toBe(201)
  })

  test('an image with the same layer twice', async () => {
    const repository = site.newRepository()
    const pushed = await repository.pushImage()
    const twice = [...pushed.layers, ...pushed.layers].map(descriptorOf)

    const answer = await repository.putManifest(
      image({ config: descriptorOf(pushed.config), layers: twice }),
      'v1',
    )

    expect(answer.status).toBe(201)
  })

  test('descriptors that carry their data', async () => {
    const repository = site.newRepository()
    const pushed = await repository.pushImage()
    const withData = (content: typeof pushed.config) => ({
      ...descriptorOf(content),
      data: content.bytes.toString('base64'),
    })
    const manifest = image({ config: withData(pushed.config), layers: pushed.layers.map(withData) })

    const answer = await repository.putManifest(manifest, 'data')
    const pulled = await site.registry.get(repository.at('manifests/data'))

    expect(answer.status).toBe(201)
    expect(pulled.body.equals(manifest.bytes)).toBe(true)
  })

  test('fields that no specification knows, in image and index', async () => {
    const repository = site.newRepository()
    const extra = { 'org.example.custom': { deep: [1, 'two', null] } }

    const { manifest } = await repository.pushImage('image', { extra })
    const list = await repository.pushManifest(index([descriptorOf(manifest)], { extra }), 'index')
    const pulled = await site.registry.get(repository.at('manifests/index'))

    expect(pulled.body.equals(list.bytes)).toBe(true)
  })

  test('JSON that is laid out in its own way comes back byte for byte', async () => {
    const repository = site.newRepository()
    const pushed = await repository.pushImage()
    const bytes = Buffer.from(
      `\n{ "layers" : [ ],\t"mediaType":"${IMAGE}", "config": ${JSON.stringify(descriptorOf(pushed.config))},\r\n` +
        '"schemaVersion" :2, "annotations":{"\\u00e9":"\\u2713 ✓ \\/"} }  \n\n',
    )
    const manifest = { mediaType: IMAGE, bytes, digest: digestOf(bytes) }

    await repository.pushManifest(manifest, 'odd')
    const pulled = await site.registry.get(repository.at('manifests/odd'))

    expect(pulled.body.equals(bytes)).toBe(true)
    expect(pulled.headers['docker-content-digest']).toBe(manifest.digest)
  })
})
