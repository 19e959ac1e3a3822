import { describe, expect, test } from 'vitest'
import {
  blob,
  config,
  descriptorOf,
  digestOf,
  image,
  index,
  layer,
  unknownDigest,
} from '../harness/content.ts'
import { codesOf, locationOf, withQuery } from '../harness/registry.ts'
import { useSite } from '../harness/site.ts'

const site = useSite()

describe('a blob under its sha512 digest', () => {
  test('is pushed by an upload that names the algorithm', async () => {
    const repository = site.newRepository()
    const content = blob(3000, undefined, 'sha512')
    const location = await repository.startUpload('?digest-algorithm=sha512')

    const closed = await site.registry.send({
      method: 'PUT',
      path: withQuery(location, { digest: content.digest }),
      body: content.bytes,
    })
    const pulled = await site.registry.get(repository.at(`blobs/${content.digest}`))

    expect(closed.status).toBe(201)
    expect(closed.headers['docker-content-digest']).toBe(content.digest)
    expect(pulled.headers['docker-content-digest']).toBe(content.digest)
    expect(pulled.body.equals(content.bytes)).toBe(true)
  })

  test('is pushed in chunks by an upload that names the algorithm', async () => {
    const repository = site.newRepository()
    const content = blob(3000, undefined, 'sha512')
    const first = await site.registry.send({
      method: 'PATCH',
      path: await repository.startUpload('?digest-algorithm=sha512'),
      headers: { 'Content-Range': '0-1999' },
      body: content.bytes.subarray(0, 2000),
    })

    const closed = await site.registry.send({
      method: 'PUT',
      path: withQuery(locationOf(first), { digest: content.digest }),
      headers: { 'Content-Range': '2000-2999' },
      body: content.bytes.subarray(2000),
    })

    expect(closed.status).toBe(201)
  })

  test('is pushed by an upload that does not name the algorithm', async () => {
    const repository = site.newRepository()
    const content = blob(3000, undefined, 'sha512')
    const streamed = await site.registry.send({
      method: 'PATCH',
      path: await repository.startUpload(),
      body: content.bytes,
    })

    const closed = await site.registry.send({
      method: 'PUT',
      path: withQuery(locationOf(streamed), { digest: content.digest }),
    })

    expect(closed.status).toBe(201)
    expect(closed.headers['docker-content-digest']).toBe(content.digest)
  })

  test('is pushed by a single POST', async () => {
    const repository = site.newRepository()
    const content = blob(3000, undefined, 'sha512')

    const answer = await site.registry.send({
      method: 'POST',
      path: repository.at(`blobs/uploads/?digest=${content.digest}`),
      headers: { 'Content-Type': 'application/octet-stream' },
      body: content.bytes,
    })

    expect(answer.status).toBe(201)
  })

  test('may be the empty blob', async () => {
    const repository = site.newRepository()

    const content = await repository.pushBlob(blob('', undefined, 'sha512'))
    const answer = await site.registry.get(repository.at(`blobs/${content.digest}`))

    expect(answer.status).toBe(200)
    expect(answer.body).toHaveLength(0)
  })

  test('is refused where the digest is wrong', async () => {
    const repository = site.newRepository()
    const location = await repository.startUpload('?digest-algorithm=sha512')

    const answer = await site.registry.send({
      method: 'PUT',
      path: withQuery(location, { digest: unknownDigest('sha512') }),
      body: 'other bytes',
    })

    expect(answer.status).toBe(400)
    expect(codesOf(answer)).toEqual(['DIGEST_INVALID'])
  })

  test('is mounted from another repository', async () => {
    const source = site.newRepository()
    const content = await source.pushBlob(blob(3000, undefined, 'sha512'))
    const target = site.newRepository()

    const answer = await site.registry.send({
      method: 'POST',
      path: target.at(`blobs/uploads/?mount=${content.digest}&from=${source.name}`),
    })

    expect(answer.status).toBe(201)
  })

  test('is deleted', async () => {
    const repository = site.newRepository()
    const content = await repository.pushBlob(blob(3000, undefined, 'sha512'))

    const answer = await site.registry.delete(repository.at(`blobs/${content.digest}`))

    expect(answer.status).toBe(202)
    expect((await site.registry.head(repository.at(`blobs/${content.digest}`))).status).toBe(404)
  })
})

describe('an algorithm that nobody supports', () => {
  test.each(['md5', 'sha1', 'nonsense', ''])('%j is refused when the upload begins', async (algorithm) => {
    const answer = await site.registry.send({
      method: 'POST',
      path: site.newRepository().at(`blobs/uploads/?digest-algorithm=${algorithm}`),
    })

    expect(answer.status).toBe(400)
  })
})

describe('a manifest under its sha512 digest', () => {
  test('is pushed and pulled with all it refers to', async () => {
    const repository = site.newRepository()

    const { manifest } = await repository.pushImage(undefined, { algorithm: 'sha512' })
    const answer = await site.registry.get(repository.at(`manifests/${manifest.digest}`))

    expect(answer.status).toBe(200)
    expect(answer.headers['docker-content-digest']).toBe(manifest.digest)
    expect(answer.body.equals(manifest.bytes)).toBe(true)
  })

  test('is refused where the digest is wrong', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage()

    const answer = await repository.putManifest(manifest, unknownDigest('sha512'))

    expect(answer.status).toBe(400)
    expect(codesOf(answer)).toEqual(['DIGEST_INVALID'])
  })

  test('can be the child of an index', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage(undefined, { algorithm: 'sha512' })
    const list = index([descriptorOf(manifest)], { algorithm: 'sha512' })

    const answer = await repository.putManifest(list)

    expect(answer.status).toBe(201)
    expect(answer.headers['docker-content-digest']).toBe(list.digest)
  })

  test('can refer to blobs under sha256 digests', async () => {
    const repository = site.newRepository()
    const configuration = await repository.pushBlob(config())
    const only = await repository.pushBlob(layer())
    const mixed = image({
      config: descriptorOf(configuration),
      layers: [descriptorOf(only)],
      algorithm: 'sha512',
    })

    const answer = await repository.putManifest(mixed)

    expect(answer.status).toBe(201)
  })

  test('can be the subject of a referrer', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage(undefined, { algorithm: 'sha512' })

    const referrer = await repository.pushReferrer(manifest)
    const answer = await site.registry.get(repository.at(`referrers/${manifest.digest}`))

    expect(answer.status).toBe(200)
    expect(answer.body.toString('utf8')).toContain(referrer.digest)
  })

  test('is deleted', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage(undefined, { algorithm: 'sha512' })

    const answer = await site.registry.delete(repository.at(`manifests/${manifest.digest}`))

    expect(answer.status).toBe(202)
    expect((await site.registry.head(repository.at(`manifests/${manifest.digest}`))).status).toBe(404)
  })

  test('may stand beside the same bytes under sha256', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage(undefined, { algorithm: 'sha512' })
    const sha256 = digestOf(manifest.bytes)

    await repository.pushManifest(manifest, sha256)
    const answers = await Promise.all(
      [sha256, manifest.digest].map((digest) => site.registry.get(repository.at(`manifests/${digest}`))),
    )

    expect(answers.map((answer) => answer.status)).toEqual([200, 200])
    expect(answers.map((answer) => answer.headers['docker-content-digest'])).toEqual([
      sha256,
      manifest.digest,
    ])
  })
})
