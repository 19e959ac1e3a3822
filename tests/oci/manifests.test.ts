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
  unknownDigest,
} from '../harness/content.ts'
import { codesOf, locationOf } from '../harness/registry.ts'
import type { Repository } from '../harness/repository.ts'
import { useSite } from '../harness/site.ts'

const site = useSite()

async function twoPlatforms(repository: Repository) {
  const images = [await repository.pushImage(), await repository.pushImage()]
  const platforms = ['amd64', 'arm64']
  return images.map(({ manifest }, at) => ({
    ...descriptorOf(manifest),
    platform: { os: 'linux', architecture: platforms[at] ?? '' },
  }))
}

async function dockerImage(repository: Repository) {
  const configuration = await repository.pushBlob({ ...config(), mediaType: DOCKER_CONFIG })
  const only = await repository.pushBlob({ ...layer(), mediaType: DOCKER_LAYER })
  return image({ config: descriptorOf(configuration), layers: [descriptorOf(only)] }, DOCKER_IMAGE)
}

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

describe('what can be pushed', () => {
  test('an index of images for two platforms', async () => {
    const repository = site.newRepository()
    const list = index(await twoPlatforms(repository))

    const answer = await repository.putManifest(list, 'multi')
    const pulled = await site.registry.get(repository.at('manifests/multi'))

    expect(answer.status).toBe(201)
    expect(pulled.headers['content-type']).toBe(INDEX)
    expect(pulled.body.equals(list.bytes)).toBe(true)
  })

  test('an index of indexes', async () => {
    const repository = site.newRepository()
    const inner = [
      await repository.pushManifest(index(await twoPlatforms(repository))),
      await repository.pushManifest(index(await twoPlatforms(repository))),
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
    const list = index(await twoPlatforms(repository), { artifactType: 'application/vnd.example.list' })

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

describe('pulling', () => {
  test('by tag and by digest answers type, length, digest and bytes', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage('v1')

    const answers = await Promise.all(
      ['v1', manifest.digest].map((reference) => site.registry.get(repository.at(`manifests/${reference}`))),
    )

    for (const answer of answers) {
      expect(answer.status).toBe(200)
      expect(answer.headers['content-type']).toBe(IMAGE)
      expect(answer.headers['content-length']).toBe(String(manifest.bytes.length))
      expect(answer.headers['docker-content-digest']).toBe(manifest.digest)
      expect(answer.body.equals(manifest.bytes)).toBe(true)
    }
  })

  test('HEAD answers the same headers without the bytes', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage('v1')

    const answers = await Promise.all(
      ['v1', manifest.digest].map((reference) => site.registry.head(repository.at(`manifests/${reference}`))),
    )

    for (const answer of answers) {
      expect(answer.status).toBe(200)
      expect(answer.headers['content-type']).toBe(IMAGE)
      expect(answer.headers['content-length']).toBe(String(manifest.bytes.length))
      expect(answer.headers['docker-content-digest']).toBe(manifest.digest)
      expect(answer.body).toHaveLength(0)
    }
  })

  test.each([undefined, '*/*', 'application/json', DOCKER_IMAGE, `${INDEX}, ${IMAGE};q=0.5`, 'nonsense', ''])(
    'with Accept %j answers the manifest that is there',
    async (accept) => {
      const repository = site.newRepository()
      const { manifest } = await repository.pushImage('v1')

      const answer = await site.registry.get(
        repository.at('manifests/v1'),
        accept === undefined ? {} : { Accept: accept },
      )

      expect(answer.status).toBe(200)
      expect(answer.body.equals(manifest.bytes)).toBe(true)
    },
  )

  test('an index is not turned into an image for a client that asks for images only', async () => {
    const repository = site.newRepository()
    const list = await repository.pushManifest(index(await twoPlatforms(repository)), 'multi')

    const answer = await site.registry.head(repository.at('manifests/multi'), { Accept: IMAGE })

    expect(answer.status).toBe(200)
    expect(answer.headers['docker-content-digest']).toBe(list.digest)
  })

  test('what the client has already is answered with 304', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage('v1')

    const answer = await site.registry.get(repository.at('manifests/v1'), {
      'If-None-Match': `"${manifest.digest}"`,
    })

    expect(answer.status).toBe(304)
    expect(answer.body).toHaveLength(0)
  })

  test('what is not there answers 404 MANIFEST_UNKNOWN', async () => {
    const repository = site.newRepository()
    await repository.pushImage('v1')

    const byTag = await site.registry.get(repository.at('manifests/none'))
    const byDigest = await site.registry.get(repository.at(`manifests/${unknownDigest()}`))

    expect([byTag.status, byDigest.status]).toEqual([404, 404])
    expect([...codesOf(byTag), ...codesOf(byDigest)]).toEqual(['MANIFEST_UNKNOWN', 'MANIFEST_UNKNOWN'])
  })

  test('what is not there answers HEAD with 404 and no body', async () => {
    const repository = site.newRepository()
    await repository.pushImage('v1')

    const answer = await site.registry.head(repository.at('manifests/none'))

    expect(answer.status).toBe(404)
    expect(answer.body).toHaveLength(0)
  })

  test('from a repository that is not there answers 404', async () => {
    const answer = await site.registry.get(site.newRepository().at('manifests/latest'))

    expect(answer.status).toBe(404)
  })

  test('from another repository of the project answers 404', async () => {
    const { manifest } = await site.newRepository().pushImage('v1')
    const other = site.newRepository()
    await other.pushImage('v1')

    const answer = await site.registry.get(other.at(`manifests/${manifest.digest}`))

    expect(answer.status).toBe(404)
  })

  test.each(['sha256:baddigeststring', `md5:${'a'.repeat(32)}`])(
    'by the digest %j answers 400 or 404',
    async (digest) => {
      const repository = site.newRepository()
      await repository.pushImage('v1')

      const answer = await site.registry.get(repository.at(`manifests/${digest}`))

      expect([400, 404]).toContain(answer.status)
    },
  )
})

test('the query parameter ns of a proxy client is accepted everywhere', async () => {
  const repository = site.newRepository()
  const { manifest, layers } = await repository.pushImage('v1')
  const paths = [
    `manifests/v1`,
    `manifests/${manifest.digest}`,
    `blobs/${layers[0]?.digest}`,
    'tags/list',
    `referrers/${manifest.digest}`,
  ]

  const answers = await Promise.all(
    paths.map((path) => site.registry.get(repository.at(`${path}?ns=docker.io`))),
  )
  const head = await site.registry.head(repository.at('manifests/v1?ns=docker.io'))

  expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200, 200, 200])
  expect(head.status).toBe(200)
})
