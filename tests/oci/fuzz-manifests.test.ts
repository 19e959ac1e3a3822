import fc from 'fast-check'
import { expect, test } from 'vitest'
import { digestOf, IMAGE, INDEX } from '../harness/content.ts'
import { useSite } from '../harness/site.ts'

const site = useSite()

const anything = fc.jsonValue({ maxDepth: 3 })

/** Mostly what belongs there, now and then anything that JSON can say. */
function mostly(usual: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 4, arbitrary: usual }, { weight: 1, arbitrary: anything })
}

const descriptor = fc.record(
  {
    mediaType: mostly(fc.constantFrom(IMAGE, INDEX, '', 'a/b')),
    digest: mostly(fc.constantFrom('{layer}', '{config}', '{image}', 'sha256:abc')),
    size: mostly(fc.oneof(fc.nat(), fc.integer(), fc.double())),
    annotations: mostly(fc.dictionary(fc.string(), fc.string({ unit: 'binary' }))),
    platform: mostly(fc.dictionary(fc.string(), fc.string({ unit: 'binary' }))),
    data: anything,
    artifactType: anything,
  },
  { requiredKeys: ['mediaType', 'digest', 'size'] },
)

const manifest = fc.record(
  {
    schemaVersion: mostly(fc.constant(2)),
    mediaType: mostly(fc.constantFrom(IMAGE, INDEX)),
    config: mostly(descriptor),
    layers: mostly(fc.array(descriptor, { maxLength: 3 })),
    manifests: mostly(fc.array(descriptor, { maxLength: 3 })),
    subject: mostly(descriptor),
    annotations: mostly(fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }))),
    artifactType: mostly(fc.string({ unit: 'binary' })),
  },
  { requiredKeys: ['schemaVersion', 'config', 'layers', 'manifests'] },
)

test('no manifest, however odd, is answered with an error of the server', async () => {
  const repository = site.newRepository()
  const pushed = await repository.pushImage('v1')
  const types = fc.constantFrom(IMAGE, INDEX, 'application/json', '')

  await fc.assert(
    fc.asyncProperty(manifest, types, async (fields, type) => {
      const text = JSON.stringify(fields)
        .replaceAll('{layer}', pushed.layers[0]?.digest ?? '')
        .replaceAll('{config}', pushed.config.digest)
        .replaceAll('{image}', pushed.manifest.digest)
      const bytes = Buffer.from(text)
      const mediaType = typeof fields.mediaType === 'string' && type !== '' ? fields.mediaType : type

      const answer = await repository.putManifest({ mediaType, bytes, digest: digestOf(bytes) }, 'fuzz')
      const listed = await site.registry.get(repository.at(`referrers/${pushed.manifest.digest}`))

      expect(answer.status).toBeLessThan(500)
      expect(listed.status).toBe(200)
    }),
    { numRuns: 1000 },
  )
})
