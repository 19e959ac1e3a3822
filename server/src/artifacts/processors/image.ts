import type { Manifest } from '../../oci/manifest.ts'
import { buildHistory } from '../additions/build-history.ts'
import { isObject, type JsonObject, objectOf, textOf } from './objects.ts'
import type { Attributes, Processor } from './processor.ts'

/** Fields of an image's config that say how it runs (image specification, config.md). */
const RUN_FIELDS = [
  'User',
  'ExposedPorts',
  'Env',
  'Entrypoint',
  'Cmd',
  'Volumes',
  'WorkingDir',
  'Labels',
  'StopSignal',
  'ArgsEscaped',
]

/** Container images of one platform. */
export const image: Processor = {
  type: 'IMAGE',
  async attributes(manifest, content) {
    const config = manifest.config && (await content.json(manifest.config))
    return isObject(config) ? imageAttributes(config) : undefined
  },
  additions: { build_history: buildHistory },
}

/** Lists of images, one a platform: the images have the attributes. */
export const index: Processor = { type: 'IMAGE', attributes: async () => ({}) }

/** What users see of the config of an image. */
export function imageAttributes(config: JsonObject): Attributes {
  const run = objectOf(config.config)
  const present = RUN_FIELDS.filter((name) => !isNothing(run[name]))

  return {
    created: typeof config.created === 'string' ? config.created : null,
    architecture: textOf(config.architecture),
    os: textOf(config.os),
    config: Object.fromEntries(present.map((name) => [name, run[name]])),
    author: textOf(config.author) || textOf(objectOf(run.Labels).maintainer),
  }
}

function isNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === false) return true
  if (Array.isArray(value)) return value.length === 0

  return isObject(value) && Object.keys(value).length === 0
}

/** What BuildKit calls its attestations where it does not dress them as images. */
export const BUILDKIT_ATTESTATION = 'application/vnd.docker.attestation.manifest.v1+json'
const IN_TOTO = 'application/vnd.in-toto+json'
const PREDICATE_TYPE = 'in-toto.io/predicate-type'

/** Whether an image is none: what BuildKit pushes beside an image to say where it comes from. */
export function isAttestation(manifest: Manifest): boolean {
  return manifest.layers.length > 0 && manifest.layers.every((layer) => layer.mediaType === IN_TOTO)
}

/** Statements about an image (in-toto), dressed as an image of the platform unknown/unknown. No kind of Harbor's. */
export const attestation: Processor = {
  type: 'ATTESTATION',
  async attributes(manifest) {
    const types = manifest.layers.map((layer) => layer.annotations?.[PREDICATE_TYPE] ?? '')
    return { predicate_types: [...new Set(types)].filter((type) => type !== '') }
  },
}
