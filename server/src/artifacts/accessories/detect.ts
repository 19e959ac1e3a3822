import type { Manifest } from '../../oci/manifest.ts'
import { DOCKER_IMAGE_CONFIG, OCI_IMAGE_CONFIG } from '../../oci/media-types.ts'
import { BUILDKIT_ATTESTATION } from '../processors/image.ts'

/** That an artifact belongs to another one. */
export interface Accessory {
  /** Harbor's words, and ours for what Harbor takes for an image: `attestation.*`, `sbom.cosign`. */
  type: string
  /** Digest of the other one, in the same repository, there or not. */
  of: string
}

const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json'
const PREDICATE = 'dev.sigstore.bundle.predicateType'
const SIGNATURE_PREDICATE = 'https://sigstore.dev/cosign/sign/v1'

/** By artifact type, for manifests with a subject. */
const TYPES: Record<string, string> = {
  'application/vnd.cncf.notary.signature': 'signature.notation',
  'application/vnd.dev.cosign.artifact.sig.v1+json': 'signature.cosign',
  [BUNDLE]: 'signature.cosign',
  'application/vnd.goharbor.harbor.sbom.v1': 'sbom.harbor',
  [BUILDKIT_ATTESTATION]: 'attestation.buildkit',
}

/** Tags by which cosign says what belongs to what, and the layers by which one sees that it was cosign. */
const COSIGN_TAG = /^sha256-([0-9a-f]{64})\.(sig|att|sbom)$/
const COSIGN: Record<string, { type: string; layer: RegExp }> = {
  sig: { type: 'signature.cosign', layer: /^application\/vnd\.dev\.cosign\.simplesigning\.v1\+json$/ },
  att: { type: 'attestation.cosign', layer: /^application\/vnd\.dsse\.envelope\.v1\+json$/ },
  sbom: { type: 'sbom.cosign', layer: /^(?:text|application)\/(?:vnd\.cyclonedx|spdx|vnd\.syft)/ },
}

const NYDUS_BOOTSTRAP = 'containerd.io/snapshot/nydus-bootstrap'

/** Whose accessory a manifest is, if it is one: by its subject, else by the tags it is pushed under. */
export function accessoryOf(manifest: Manifest, tags: readonly string[]): Accessory | undefined {
  if (manifest.subject) return { type: typeOfReferrer(manifest), of: manifest.subject.digest }

  for (const tag of tags) {
    const [, hex, suffix = ''] = COSIGN_TAG.exec(tag) ?? []
    const kind = COSIGN[suffix]
    if (kind && manifest.layers.some((layer) => kind.layer.test(layer.mediaType))) {
      return { type: kind.type, of: `sha256:${hex}` }
    }
  }
  return undefined
}

function typeOfReferrer({ artifactType = '', layers, annotations }: Manifest): string {
  // A bundle holds a signature or a statement about the image: whoever states something has not signed the image.
  const predicate = artifactType === BUNDLE ? annotations[PREDICATE] : undefined
  if (predicate !== undefined && predicate !== SIGNATURE_PREDICATE) return 'attestation.cosign'

  const isImage = artifactType === OCI_IMAGE_CONFIG || artifactType === DOCKER_IMAGE_CONFIG
  if (isImage && layers.at(-1)?.annotations?.[NYDUS_BOOTSTRAP] !== undefined) return 'accelerator.nydus'

  return Object.hasOwn(TYPES, artifactType) ? (TYPES[artifactType] as string) : 'subject.accessory'
}

/** A child of an index that speaks of another child. */
export interface Attestation {
  digest: string
  of: string
}

/** Children that BuildKit marks as attestations of a sibling. */
export function attestationsIn({ children }: Manifest): Attestation[] {
  const digests = new Set(children.map((child) => child.digest))

  return children.flatMap(({ digest, annotations = {} }) => {
    const of = annotations['vnd.docker.reference.digest'] ?? ''
    const marked = annotations['vnd.docker.reference.type'] === 'attestation-manifest'
    return marked && digests.has(of) && of !== digest ? [{ digest, of }] : []
  })
}
