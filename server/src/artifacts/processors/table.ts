import type { Manifest } from '../../oci/manifest.ts'
import {
  DOCKER_IMAGE_CONFIG,
  DOCKER_LIST,
  isMediaTypeLong,
  manifestKind,
  OCI_IMAGE_CONFIG,
  OCI_INDEX,
} from '../../oci/media-types.ts'
import { chart, HELM_CONFIG } from './chart.ts'
import { CNAB_MANIFEST, cnab } from './cnab.ts'
import { attestation, BUILDKIT_ATTESTATION, image, index, isAttestation } from './image.ts'
import { MODEL_MANIFESTS, model } from './model.ts'
import type { AdditionName, Processor } from './processor.ts'
import { HARBOR_SBOM, sbom } from './sbom.ts'
import { unknown } from './unknown.ts'
import { isWasmImage, WASM_CONFIG, wasm } from './wasm.ts'

/** Processors by artifact type, config media type or, for an index, its own: the first of them that is there. */
const PROCESSORS = new Map<string, Processor>([
  [OCI_IMAGE_CONFIG, image],
  [DOCKER_IMAGE_CONFIG, image],
  [OCI_INDEX, index],
  [DOCKER_LIST, index],
  [HELM_CONFIG, chart],
  [CNAB_MANIFEST, cnab],
  [WASM_CONFIG, wasm],
  [HARBOR_SBOM, sbom],
  [BUILDKIT_ATTESTATION, attestation],
  ...MODEL_MANIFESTS.map((type) => [type, model] as const),
])

const TYPE_ANNOTATION = 'org.opencontainers.artifactType'

/** What kind of artifact a manifest is of, and what its config is called (an index: what it is called itself). */
export function processorOf(manifest: Manifest): { processor: Processor; configMediaType: string } {
  const configMediaType = configMediaTypeOf(manifest)
  const key = configMediaType === WASM_CONFIG ? WASM_CONFIG : (manifest.artifactType ?? configMediaType)
  const processor = PROCESSORS.get(key) ?? unknown(key)

  return {
    processor: processor === image && isAttestation(manifest) ? attestation : processor,
    configMediaType,
  }
}

/** An artifact's columns that tell its kind. */
export interface ArtifactKind {
  /** Null: not classified yet. */
  type: string | null
  artifactType: string | undefined
  configMediaType: string | null
  manifestMediaType: string
}

/** Names of what can be read about an artifact beside its attributes. */
export function additionsOf(artifact: ArtifactKind): AdditionName[] {
  if (artifact.type === attestation.type || manifestKind(artifact.manifestMediaType) !== 'image') return []
  const configMediaType = artifact.configMediaType ?? ''
  const key = configMediaType === WASM_CONFIG ? WASM_CONFIG : (artifact.artifactType ?? configMediaType)

  return Object.keys(PROCESSORS.get(key)?.additions ?? {}) as AdditionName[]
}

function configMediaTypeOf(manifest: Manifest): string {
  if (!manifest.config) {
    const named = manifest.annotations[TYPE_ANNOTATION]
    return named && !isMediaTypeLong(named) ? named : manifest.mediaType
  }
  return isWasmImage(manifest) ? WASM_CONFIG : manifest.config.mediaType
}
