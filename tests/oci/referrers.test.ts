import { describe, expect, test } from 'vitest'
import { CONFIG, type Content, descriptorOf, IMAGE, INDEX, index, unknownDigest } from '../harness/content.ts'
import { json } from '../harness/http.ts'
import { digestsOf, getReferrers, manifestsOf } from '../harness/referrers.ts'
import type { Repository } from '../harness/repository.ts'
import { useSite } from '../harness/site.ts'

const site = useSite()

const report = 'application/vnd.example.report'
const signature = 'application/vnd.example.signature'

describe('the list', () => {
  test('of a manifest that nothing refers to is an empty index', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage()

    const answer = await getReferrers(repository, manifest.digest)

    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toBe(INDEX)
    expect(json(answer)).toEqual({ schemaVersion: 2, mediaType: INDEX, manifests: [] })
  })

  test('of a manifest that does not exist is an empty index', async () => {
    const repository = site.newRepository()
    await repository.pushImage()

    const answer = await getReferrers(repository, unknownDigest())

    expect(answer.status).toBe(200)
    expect(manifestsOf(answer)).toEqual([])
  })

  test('in a repository that does not exist is an empty index', async () => {
    const answer = await getReferrers(site.newRepository(), unknownDigest())

    expect(answer.status).toBe(200)
    expect(manifestsOf(answer)).toEqual([])
  })

  test('describes each referrer with type, size, artifact type and annotations', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage('v1')
    const annotations = { 'org.example.one': '1', 'org.example.two': 'zwei ✓' }
    const referrer = await repository.pushReferrer(manifest, { artifactType: report, annotations })

    const answer = await getReferrers(repository, manifest.digest)

    expect(manifestsOf(answer)).toEqual([{ ...descriptorOf(referrer), artifactType: report, annotations }])
  })

  test('has the type of the configuration where there is no artifact type', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage()
    await repository.pushReferrer(manifest)

    const answer = await getReferrers(repository, manifest.digest)

    expect(manifestsOf(answer).map((descriptor) => descriptor.artifactType)).toEqual([CONFIG])
  })

  test('has every referrer of several, tagged or not', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage()
    const subject = descriptorOf(manifest)
    const plain = await repository.pushReferrer(manifest)
    const typed = await repository.pushReferrer(manifest, { artifactType: report })
    const tagged = await repository.pushImage('tagged', { subject, artifactType: signature })

    const answer = await getReferrers(repository, manifest.digest)

    expect(digestsOf(answer).sort()).toEqual([plain.digest, typed.digest, tagged.manifest.digest].sort())
  })

  test('has an index with a subject, with its artifact type and annotations', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage()
    const annotations = { 'org.example.list': 'yes' }
    const list = index([descriptorOf(manifest)], {
      subject: descriptorOf(manifest),
      artifactType: report,
      annotations,
    })

    const pushed = await repository.putManifest(list)
    const answer = await getReferrers(repository, manifest.digest)

    expect(pushed.headers['oci-subject']).toBe(manifest.digest)
    expect(manifestsOf(answer)).toEqual([{ ...descriptorOf(list), artifactType: report, annotations }])
  })

  test('names no artifact type for an index that has none', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage()
    await repository.pushManifest(index([], { subject: descriptorOf(manifest) }))

    const answer = await getReferrers(repository, manifest.digest)

    expect(manifestsOf(answer)).toHaveLength(1)
    expect(manifestsOf(answer)[0]).not.toHaveProperty('artifactType')
  })

  test('of an index has its referrers too', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage()
    const list = await repository.pushManifest(index([descriptorOf(manifest)]))
    const referrer = await repository.pushReferrer(list)

    const answer = await getReferrers(repository, list.digest)

    expect(digestsOf(answer)).toEqual([referrer.digest])
  })

  test('of a referrer has what refers to it in turn', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage()
    const first = await repository.pushReferrer(manifest)
    const second = await repository.pushReferrer(first)

    const answer = await getReferrers(repository, first.digest)

    expect(digestsOf(answer)).toEqual([second.digest])
  })

  test('leaves out what lies in another repository', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage()
    await site.newRepository().pushReferrer(manifest)

    const answer = await getReferrers(repository, manifest.digest)

    expect(manifestsOf(answer)).toEqual([])
  })

  test('has a referrer that came before its subject', async () => {
    const repository = site.newRepository()
    const subject = await late(repository)
    const referrer = await repository.pushReferrer(subject, { artifactType: report })

    const before = await getReferrers(repository, subject.digest)
    await repository.pushManifest(subject, 'v1')
    const after = await getReferrers(repository, subject.digest)

    expect(digestsOf(before)).toEqual([referrer.digest])
    expect(digestsOf(after)).toEqual([referrer.digest])
  })

  test('has a referrer once, however often it is pushed', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage()
    const referrer = await repository.pushReferrer(manifest)

    await repository.pushManifest(referrer)
    await repository.pushManifest(referrer, 'tagged')
    const answer = await getReferrers(repository, manifest.digest)

    expect(digestsOf(answer)).toEqual([referrer.digest])
  })

  test('loses a referrer that is deleted', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage()
    const stays = await repository.pushReferrer(manifest)
    const goes = await repository.pushReferrer(manifest)

    const deleted = await site.registry.delete(repository.at(`manifests/${goes.digest}`))
    const answer = await getReferrers(repository, manifest.digest)

    expect(deleted.status).toBe(202)
    expect(digestsOf(answer)).toEqual([stays.digest])
  })

  test('answers HEAD without a body', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage()

    const answer = await site.registry.head(repository.at(`referrers/${manifest.digest}`))

    expect([200, 404, 405]).toContain(answer.status)
    expect(answer.body).toHaveLength(0)
  })
})

/** An image that can be pushed, but is not yet. */
async function late(repository: Repository): Promise<Content> {
  const { manifest } = await repository.pushImage()
  await site.registry.delete(repository.at(`manifests/${manifest.digest}`))
  return manifest
}

describe('a push with a subject', () => {
  test('says that the subject was taken in, by digest and by tag', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage()
    const referrer = await repository.pushReferrer(manifest)

    const byDigest = await repository.putManifest(referrer)
    const byTag = await repository.putManifest(referrer, 'referrer')

    expect(byDigest.headers['oci-subject']).toBe(manifest.digest)
    expect(byTag.headers['oci-subject']).toBe(manifest.digest)
  })

  test('and only that says so', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage()

    const answer = await repository.putManifest(manifest, 'v1')

    expect(answer.headers['oci-subject']).toBeUndefined()
  })
})

describe('a request that is not about a digest', () => {
  test.each(['v1', 'sha256:abc', 'sha256:', `sha256:${'A'.repeat(64)}`, '%00', ':'])(
    '%j is refused with 400',
    async (digest) => {
      const repository = site.newRepository()
      await repository.pushImage('v1')

      const answer = await site.registry.get(repository.at(`referrers/${digest}`))

      expect(answer.status).toBe(400)
    },
  )
})

test('referrers are served as the index that clients of the tag scheme expect', async () => {
  const repository = site.newRepository()
  const { manifest } = await repository.pushImage()
  await repository.pushReferrer(manifest, { artifactType: report })

  const answer = await site.registry.get(repository.at(`referrers/${manifest.digest}`), { Accept: IMAGE })

  expect(answer.status).toBe(200)
  expect(answer.headers['content-type']).toBe(INDEX)
})
