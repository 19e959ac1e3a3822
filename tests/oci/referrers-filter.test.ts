import { describe, expect, test } from 'vitest'
import { CONFIG } from '../harness/content.ts'
import { digestsOf, getReferrers, manifestsOf } from '../harness/referrers.ts'
import { useSite } from '../harness/site.ts'

const site = useSite()

const report = 'application/vnd.example.report'
const signature = 'application/vnd.example.signature'

describe('the filter by artifact type', () => {
  test('answers the referrers of this type and says that it was applied', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage()
    const wanted = await repository.pushReferrer(manifest, { artifactType: report })
    await repository.pushReferrer(manifest, { artifactType: signature })

    const answer = await getReferrers(repository, manifest.digest, report)

    expect(answer.headers['oci-filters-applied']).toBe('artifactType')
    expect(digestsOf(answer)).toEqual([wanted.digest])
  })

  test('finds referrers by the type of their configuration', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage()
    const wanted = await repository.pushReferrer(manifest)
    await repository.pushReferrer(manifest, { artifactType: report })

    const answer = await getReferrers(repository, manifest.digest, CONFIG)

    expect(digestsOf(answer)).toEqual([wanted.digest])
  })

  test('of a type that nobody has answers an empty index', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage()
    await repository.pushReferrer(manifest, { artifactType: report })

    const answer = await getReferrers(repository, manifest.digest, 'application/none')

    expect(answer.status).toBe(200)
    expect(manifestsOf(answer)).toEqual([])
  })

  test('is not mentioned where nobody asked for it', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage()

    const answer = await getReferrers(repository, manifest.digest)

    expect(answer.headers['oci-filters-applied']).toBeUndefined()
  })

  test('takes a type with a plus sign, as such types have it', async () => {
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage()
    const wanted = await repository.pushReferrer(manifest, { artifactType: `${report}+json` })

    const answer = await getReferrers(repository, manifest.digest, `${report}+json`)

    expect(digestsOf(answer)).toEqual([wanted.digest])
  })
})
