import { describe, expect, test } from 'vitest'
import {
  blob,
  CONFIG,
  type Content,
  type Descriptor,
  descriptorOf,
  IMAGE,
  INDEX,
  index,
  unknownDigest,
} from '../harness/content.ts'
import { type Answer, json } from '../harness/http.ts'
import { nextOf } from '../harness/registry.ts'
import type { Repository } from '../harness/repository.ts'
import { useSite } from '../harness/site.ts'

const site = useSite()

const report = 'application/vnd.example.report'
const signature = 'application/vnd.example.signature'

function referrers(repository: Repository, digest: string, artifactType?: string): Promise<Answer> {
  const query = artifactType === undefined ? '' : `?artifactType=${encodeURIComponent(artifactType)}`
  return site.registry.get(repository.at(`referrers/${digest}${query}`))
}

function manifestsOf(answer: Answer): Descriptor[] {
  return (json(answer) as { manifests: Descriptor[] }).manifests
}

function digestsOf(answer: Answer): string[] {
  return manifestsOf(answer).map((descriptor) => descriptor.digest)
}

describe('the list', () => {
  test('of a manifest that nothing refers to is an empty index', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage()

    const answer = await referrers(repository, manifest.digest)

    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toBe(INDEX)
    expect(json(answer)).toEqual({ schemaVersion: 2, mediaType: INDEX, manifests: [] })
  })

  test('of a manifest that does not exist is an empty index', async () => {
    const repository = site.newRepository()
    await repository.pushImage()

    const answer = await referrers(repository, unknownDigest())

    expect(answer.status).toBe(200)
    expect(manifestsOf(answer)).toEqual([])
  })

  test('in a repository that does not exist is an empty index', async () => {
    const answer = await referrers(site.newRepository(), unknownDigest())

    expect(answer.status).toBe(200)
    expect(manifestsOf(answer)).toEqual([])
  })

  test('describes each referrer with type, size, artifact type and annotations', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage('v1')
    const annotations = { 'org.example.one': '1', 'org.example.two': 'zwei ✓' }
    const referrer = await repository.pushReferrer(manifest, { artifactType: report, annotations })

    const answer = await referrers(repository, manifest.digest)

    expect(manifestsOf(answer)).toEqual([{ ...descriptorOf(referrer), artifactType: report, annotations }])
  })

  test('has the type of the configuration where there is no artifact type', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage()
    await repository.pushReferrer(manifest)

    const answer = await referrers(repository, manifest.digest)

    expect(manifestsOf(answer).map((descriptor) => descriptor.artifactType)).toEqual([CONFIG])
  })

  test('has every referrer of several, tagged or not', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage()
    const subject = descriptorOf(manifest)
    const plain = await repository.pushReferrer(manifest)
    const typed = await repository.pushReferrer(manifest, { artifactType: report })
    const tagged = await repository.pushImage('tagged', { subject, artifactType: signature })

    const answer = await referrers(repository, manifest.digest)

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
    const answer = await referrers(repository, manifest.digest)

    expect(pushed.headers['oci-subject']).toBe(manifest.digest)
    expect(manifestsOf(answer)).toEqual([{ ...descriptorOf(list), artifactType: report, annotations }])
  })

  test('names no artifact type for an index that has none', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage()
    await repository.pushManifest(index([], { subject: descriptorOf(manifest) }))

    const answer = await referrers(repository, manifest.digest)

    expect(manifestsOf(answer)).toHaveLength(1)
    expect(manifestsOf(answer)[0]).not.toHaveProperty('artifactType')
  })

  test('of an index has its referrers too', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage()
    const list = await repository.pushManifest(index([descriptorOf(manifest)]))
    const referrer = await repository.pushReferrer(list)

    const answer = await referrers(repository, list.digest)

    expect(digestsOf(answer)).toEqual([referrer.digest])
  })

  test('of a referrer has what refers to it in turn', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage()
    const first = await repository.pushReferrer(manifest)
    const second = await repository.pushReferrer(first)

    const answer = await referrers(repository, first.digest)

    expect(digestsOf(answer)).toEqual([second.digest])
  })

  test('leaves out what lies in another repository', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage()
    await site.newRepository().pushReferrer(manifest)

    const answer = await referrers(repository, manifest.digest)

    expect(manifestsOf(answer)).toEqual([])
  })

  test('has a referrer that came before its subject', async () => {
    const repository = site.newRepository()
    const subject = await late(repository)
    const referrer = await repository.pushReferrer(subject, { artifactType: report })

    const before = await referrers(repository, subject.digest)
    await repository.pushManifest(subject, 'v1')
    const after = await referrers(repository, subject.digest)

    expect(digestsOf(before)).toEqual([referrer.digest])
    expect(digestsOf(after)).toEqual([referrer.digest])
  })

  test('has a referrer once, however often it is pushed', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage()
    const referrer = await repository.pushReferrer(manifest)

    await repository.pushManifest(referrer)
    await repository.pushManifest(referrer, 'tagged')
    const answer = await referrers(repository, manifest.digest)

    expect(digestsOf(answer)).toEqual([referrer.digest])
  })

  test('loses a referrer that is deleted', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage()
    const stays = await repository.pushReferrer(manifest)
    const goes = await repository.pushReferrer(manifest)

    const deleted = await site.registry.delete(repository.at(`manifests/${goes.digest}`))
    const answer = await referrers(repository, manifest.digest)

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

describe('the filter by artifact type', () => {
  test('answers the referrers of this type and says that it was applied', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage()
    const wanted = await repository.pushReferrer(manifest, { artifactType: report })
    await repository.pushReferrer(manifest, { artifactType: signature })

    const answer = await referrers(repository, manifest.digest, report)

    expect(answer.headers['oci-filters-applied']).toBe('artifactType')
    expect(digestsOf(answer)).toEqual([wanted.digest])
  })

  test('finds referrers by the type of their configuration', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage()
    const wanted = await repository.pushReferrer(manifest)
    await repository.pushReferrer(manifest, { artifactType: report })

    const answer = await referrers(repository, manifest.digest, CONFIG)

    expect(digestsOf(answer)).toEqual([wanted.digest])
  })

  test('of a type that nobody has answers an empty index', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage()
    await repository.pushReferrer(manifest, { artifactType: report })

    const answer = await referrers(repository, manifest.digest, 'application/none')

    expect(answer.status).toBe(200)
    expect(manifestsOf(answer)).toEqual([])
  })

  test('is not mentioned where nobody asked for it', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage()

    const answer = await referrers(repository, manifest.digest)

    expect(answer.headers['oci-filters-applied']).toBeUndefined()
  })

  test('takes a type with a plus sign, as such types have it', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage()
    const wanted = await repository.pushReferrer(manifest, { artifactType: `${report}+json` })

    const answer = await referrers(repository, manifest.digest, `${report}+json`)

    expect(digestsOf(answer)).toEqual([wanted.digest])
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

describe('many referrers', () => {
  test('are all found by following the links', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage()
    const pushed = await pushMany(repository, manifest, 120, 0)

    const pages = await follow(repository.at(`referrers/${manifest.digest}`))

    expect(pages.flatMap(digestsOf).sort()).toEqual(pushed.sort())
  })

  test('that do not fit into one manifest are answered in several', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage()
    const pushed = await pushMany(repository, manifest, 24, 300_000)

    const pages = await follow(repository.at(`referrers/${manifest.digest}`))

    expect(pages.length).toBeGreaterThan(1)
    expect(pages.every((page) => page.body.length <= 4 * 1024 * 1024)).toBe(true)
    expect(pages.every((page) => page.headers['content-type'] === INDEX)).toBe(true)
    expect(pages.flatMap(digestsOf).sort()).toEqual(pushed.sort())
  })

  test('stay filtered on every page', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage()
    const pushed = await pushMany(repository, manifest, 20, 300_000)
    await repository.pushReferrer(manifest, { artifactType: signature })

    const pages = await follow(`${repository.at(`referrers/${manifest.digest}`)}?artifactType=${report}`)

    expect(pages.every((page) => page.headers['oci-filters-applied'] === 'artifactType')).toBe(true)
    expect(pages.flatMap(digestsOf).sort()).toEqual(pushed.sort())
  })

  /** Referrers without blobs of their own but one, so that many are quickly made. */
  async function pushMany(
    repository: Repository,
    subject: Content,
    count: number,
    padding: number,
  ): Promise<string[]> {
    const empty = await repository.pushBlob(blob('{}', 'application/vnd.oci.empty.v1+json'))
    const pushed = Array.from({ length: count }, async (_, at) => {
      const { manifest } = await repository.pushImage(undefined, {
        config: descriptorOf(empty),
        layers: [],
        artifactType: report,
        subject: descriptorOf(subject),
        annotations: { 'org.example.number': String(at), 'org.example.padding': 'x'.repeat(padding) },
      })
      return manifest.digest
    })
    return Promise.all(pushed)
  }

  async function follow(first: string): Promise<Answer[]> {
    const pages: Answer[] = []
    let path: string | undefined = first
    while (path !== undefined && pages.length < 200) {
      const answer = await site.registry.get(path)
      pages.push(answer)
      path = nextOf(answer)
    }
    return pages
  }
})

test('referrers are served as the index that clients of the tag scheme expect', async () => {
  const repository = site.newRepository()
  const { manifest } = await repository.pushImage()
  await repository.pushReferrer(manifest, { artifactType: report })

  const answer = await site.registry.get(repository.at(`referrers/${manifest.digest}`), { Accept: IMAGE })

  expect(answer.status).toBe(200)
  expect(answer.headers['content-type']).toBe(INDEX)
})
