import { describe, expect, test } from 'vitest'
import { blob, type Content, descriptorOf, INDEX } from '../harness/content.ts'
import type { Answer } from '../harness/http.ts'
import { digestsOf } from '../harness/referrers.ts'
import { nextOf } from '../harness/registry.ts'
import type { Repository } from '../harness/repository.ts'
import { useSite } from '../harness/site.ts'

const site = useSite()

const report = 'application/vnd.example.report'
const signature = 'application/vnd.example.signature'

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
