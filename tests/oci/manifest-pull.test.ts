import { describe, expect, test } from 'vitest'
import { DOCKER_IMAGE, IMAGE, INDEX, index, unknownDigest } from '../harness/content.ts'
import { pushTwoPlatforms } from '../harness/platforms.ts'
import { codesOf, fetchToken } from '../harness/registry.ts'
import { useSite } from '../harness/site.ts'

const site = useSite()

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
    const list = await repository.pushManifest(index(await pushTwoPlatforms(repository)), 'multi')

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

test('whoever comes again with his token is answered as the first time', async () => {
  const repository = site.newRepository()
  const { manifest } = await repository.pushImage('v1')
  const challenge = await site.registry.as().get(repository.at('manifests/v1'))
  const token = await fetchToken(site.registry, String(challenge.headers['www-authenticate']))
  const holder = site.registry.as({ token })
  const path = (reference: string) => repository.at(`manifests/${reference}`)

  for (const reference of ['v1', manifest.digest]) {
    // A condition that does not hold changes nothing.
    const first = await holder.get(path(reference), { 'If-None-Match': '"other"' })
    const again = await holder.get(path(reference))
    const head = await holder.head(path(reference))
    const { date: _first, ...expected } = first.headers
    for (const answer of [again, head]) {
      const { date: _now, ...headers } = answer.headers
      expect(answer.status).toBe(200)
      expect(headers).toEqual(expected)
    }
    expect(again.body.equals(manifest.bytes)).toBe(true)
    expect(head.body).toHaveLength(0)
  }
  await site.registry.delete(path(manifest.digest))
  const gone = await holder.get(path('v1'))
  expect([gone.status, codesOf(gone)]).toEqual([404, ['MANIFEST_UNKNOWN']])
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
