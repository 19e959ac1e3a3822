import { expect, test } from 'vitest'
import { descriptorOf, index } from '../harness/content.ts'
import { json } from '../harness/http.ts'
import { useSite } from '../harness/site.ts'

const site = useSite()

/** The tag under which clients keep the list where a registry has no referrers API. */
function referrersTag(digest: string): string {
  return digest.replace(':', '-')
}

test('a list that a client keeps under the referrers tag is an index like any other', async () => {
  const repository = site.newRepository()
  const { manifest } = await repository.pushImage()
  const referrer = await repository.pushReferrer(manifest)
  const list = index([{ ...descriptorOf(referrer), artifactType: 'application/vnd.example.report' }])

  await repository.pushManifest(list, referrersTag(manifest.digest))
  const byTag = await site.registry.get(repository.at(`manifests/${referrersTag(manifest.digest)}`))
  const byApi = await site.registry.get(repository.at(`referrers/${manifest.digest}`))

  expect(byTag.body.equals(list.bytes)).toBe(true)
  expect(json(byApi)).toMatchObject({ manifests: [{ digest: referrer.digest }] })
})
