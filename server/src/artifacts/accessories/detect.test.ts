import { expect, test } from 'vitest'
import { OCI_IMAGE_CONFIG, OCI_INDEX } from '../../oci/media-types.ts'
import { shelf } from '../processors/testing.ts'
import { accessoryOf, attestationsIn } from './detect.ts'

const hex = 'a'.repeat(64)
const digest = `sha256:${hex}`
const subject = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, size: 7 }

test.each([
  ['application/vnd.dev.cosign.artifact.sig.v1+json', 'signature.cosign'],
  ['application/vnd.dev.sigstore.bundle.v0.3+json', 'signature.cosign'],
  ['application/vnd.cncf.notary.signature', 'signature.notation'],
  ['application/vnd.goharbor.harbor.sbom.v1', 'sbom.harbor'],
  ['application/vnd.example.report', 'subject.accessory'],
  ['constructor', 'subject.accessory'],
])('a referrer of type %s is a %s', (artifactType, type) => {
  const files = shelf()
  const manifest = files.image(files.blob('application/vnd.oci.empty.v1+json', '{}'), [], {
    artifactType,
    subject,
  })

  expect(accessoryOf(manifest, [])).toEqual({ type, of: digest })
})

test.each([
  ['https://sigstore.dev/cosign/sign/v1', 'signature.cosign'],
  ['https://slsa.dev/provenance/v1', 'attestation.cosign'],
])('a bundle that says %s is a %s', (predicate, type) => {
  const files = shelf()
  const manifest = files.image(files.blob('application/vnd.oci.empty.v1+json', '{}'), [], {
    artifactType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    annotations: { 'dev.sigstore.bundle.predicateType': predicate },
    subject,
  })

  expect(accessoryOf(manifest, [])).toEqual({ type, of: digest })
})

test('an image with a Nydus bootstrap as its last layer accelerates its subject', () => {
  const files = shelf()
  const config = files.blob(OCI_IMAGE_CONFIG, '{}')
  const bootstrap = files.blob('application/x', '', { 'containerd.io/snapshot/nydus-bootstrap': 'true' })

  expect(accessoryOf(files.image(config, [bootstrap], { subject }), [])?.type).toBe('accelerator.nydus')
  expect(accessoryOf(files.image(config, [], { subject }), [])?.type).toBe('subject.accessory')
})

test.each([
  ['sig', 'application/vnd.dev.cosign.simplesigning.v1+json', 'signature.cosign'],
  ['att', 'application/vnd.dsse.envelope.v1+json', 'attestation.cosign'],
  ['sbom', 'text/spdx+json', 'sbom.cosign'],
  ['sbom', 'application/vnd.cyclonedx+json', 'sbom.cosign'],
])('what cosign pushes under a tag ending in .%s as %s is a %s', (suffix, mediaType, type) => {
  const files = shelf()
  const manifest = files.image(files.blob(OCI_IMAGE_CONFIG, '{}'), [files.blob(mediaType, 'payload')])

  expect(accessoryOf(manifest, [`sha256-${hex}.${suffix}`])).toEqual({ type, of: digest })
  expect(accessoryOf(manifest, ['v1'])).toBeUndefined()
})

test('an image under the tag of a signature is still an image', () => {
  const files = shelf()
  const manifest = files.image(files.blob(OCI_IMAGE_CONFIG, '{}'), [files.blob('application/x', 'layer')])

  expect(accessoryOf(manifest, [`sha256-${hex}.sig`])).toBeUndefined()
})

test('children marked as attestations speak of a sibling, of no one else', () => {
  const child = (letter: string, annotations?: object) => ({
    ...subject,
    digest: `sha256:${letter.repeat(64)}`,
    annotations,
  })
  const marked = (of: string) => ({
    'vnd.docker.reference.type': 'attestation-manifest',
    'vnd.docker.reference.digest': `sha256:${of.repeat(64)}`,
  })
  const { manifest } = shelf().put({
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: [child('a'), child('b', marked('a')), child('c', marked('9')), child('d', marked('d'))],
  })

  expect(attestationsIn(manifest)).toEqual([{ digest: `sha256:${'b'.repeat(64)}`, of: digest }])
})
