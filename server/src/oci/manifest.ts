import { isLightJson } from '../lib/json-weight.ts'
import { findRepeatedName, findVariant } from './ambiguous.ts'
import { isDigest, looksLikeDigest } from './digest.ts'
import { OciError } from './errors.ts'
import { isMediaTypeLong, isNondistributable, manifestKind, withoutParameters } from './media-types.ts'

/** A content descriptor (image specification, descriptor.md), as far as a registry looks at it. */
export interface Descriptor {
  mediaType: string
  digest: string
  /** Bytes. */
  size: number
  platform?: Platform
  annotations?: Record<string, string>
}

/** For what a child of an index is (image specification, image-index.md), as far as it is well-formed. */
export type Platform = Record<string, string | string[]>

/** What a registry must know of a manifest. The bytes themselves are stored as they came. */
export interface Manifest {
  mediaType: string
  kind: 'image' | 'index'
  /** `artifactType`, else the config's media type; undefined for an index without one (specification, "Listing Referrers"). */
  artifactType: string | undefined
  /** Config and layers that must be in the repository. */
  blobs: Descriptor[]
  /** What describes an image; undefined for an index. */
  config: Descriptor | undefined
  /** All layers of an image in their order, those too that are fetched from elsewhere. */
  layers: Descriptor[]
  /** Manifests that an index lists. */
  children: Descriptor[]
  subject: Descriptor | undefined
  annotations: Record<string, string>
  /** Bytes of everything referenced, each digest once; foreign layers do not count. */
  referencedSize: number
}

// Enough for any real image, and a bound on the work of one push.
const MAX_DESCRIPTORS = 20_000
/** Room for as many descriptors. Real manifests have some dozens of annotations; a hundred thousand would hold up everybody else for a second. */
const JSON_BOUNDS = { values: 150_000, depth: 100, names: 10_000 }

const PLATFORM_FIELDS = ['architecture', 'os', 'os.version', 'os.features', 'variant', 'features']

/** Fields that only the other kind has: a document with both would mean two things to two readers (CVE-2021-41190). */
const FOREIGN_FIELDS = { image: ['manifests'], index: ['config', 'layers'] } as const

const MANIFEST_FIELDS = [
  'schemaVersion',
  'mediaType',
  'artifactType',
  'config',
  'layers',
  'manifests',
  'subject',
  'annotations',
]
const DESCRIPTOR_FIELDS = [
  'mediaType',
  'digest',
  'size',
  'urls',
  'annotations',
  'data',
  'platform',
  'artifactType',
]

/**
 * Reads a manifest as pushed. `contentType` is the header of the request, undefined or empty where the
 * client sent none; it must not contradict the manifest's own `mediaType`.
 *
 * @throws {OciError} MANIFEST_INVALID with the reason.
 */
export function parseManifest(bytes: Uint8Array, contentType: string | undefined): Manifest {
  const json = parseJson(bytes)
  const mediaType = mediaTypeOf(json, withoutParameters(contentType ?? ''))
  const kind = manifestKind(mediaType)
  if (!kind) throw invalid(`media type ${JSON.stringify(mediaType)} is not one of a manifest`)
  if (json.schemaVersion !== 2) throw invalid('schemaVersion must be 2')
  const foreign = FOREIGN_FIELDS[kind].find((name) => json[name] !== undefined)
  if (foreign) throw invalid(`an ${kind} has no ${foreign}`)

  const subject = json.subject == null ? undefined : readDescriptor(json.subject, 'subject')
  const annotations = readAnnotations(json.annotations, 'annotations')
  const ownType = readOptionalString(json.artifactType, 'artifactType')
  if (isMediaTypeLong(ownType)) throw invalid('artifactType is longer than a media type may be')

  if (kind === 'index') {
    const children = readDescriptors(json.manifests, 'manifests')
    return {
      mediaType,
      kind,
      artifactType: ownType || undefined,
      blobs: [],
      config: undefined,
      layers: [],
      children,
      subject,
      annotations,
      referencedSize: sizeOf(children),
    }
  }

  const config = readDescriptor(json.config, 'config')
  const layers = readDescriptors(json.layers, 'layers')
  const blobs = [config, ...layers.filter((layer) => !isNondistributable(layer.mediaType))]
  return {
    mediaType,
    kind,
    artifactType: ownType || config.mediaType,
    blobs,
    config,
    layers,
    children: [],
    subject,
    annotations,
    referencedSize: sizeOf(blobs),
  }
}

type Json = Record<string, unknown>

function parseJson(bytes: Uint8Array): Json {
  if (!isLightJson(bytes, JSON_BOUNDS))
    throw invalid('the manifest has too many values or fields, or they are too deep')
  let text: string
  let value: unknown
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    value = JSON.parse(text)
  } catch (error) {
    throw invalid('the manifest is not JSON', error)
  }
  if (!isObject(value)) throw invalid('the manifest is not a JSON object')
  const repeated = findRepeatedName(text)
  if (repeated !== undefined) throw invalid(`${JSON.stringify(repeated)} stands twice in one object`)
  expectOwnSpelling(value, MANIFEST_FIELDS)

  return value
}

function mediaTypeOf(json: Json, contentType: string): string {
  const own = readOptionalString(json.mediaType, 'mediaType')
  if (own && contentType && contentType !== own) {
    throw invalid(`Content-Type ${contentType} contradicts the manifest's mediaType ${own}`)
  }

  return own || contentType
}

function readDescriptors(value: unknown, where: string): Descriptor[] {
  // How Go writes an empty list that nobody has made.
  if (value === null) return []
  if (!Array.isArray(value)) throw invalid(`${where} must be a list`)
  if (value.length > MAX_DESCRIPTORS) throw invalid(`${where} has more than ${MAX_DESCRIPTORS} entries`)

  return value.map((entry, index) => readDescriptor(entry, `${where}[${index}]`))
}

function readDescriptor(value: unknown, where: string): Descriptor {
  if (!isObject(value)) throw invalid(`${where} must be a descriptor`)
  expectOwnSpelling(value, DESCRIPTOR_FIELDS)
  const { mediaType, digest, size } = value
  if (!isText(mediaType) || mediaType === '') throw invalid(`${where} has no mediaType`)
  if (isMediaTypeLong(mediaType)) throw invalid(`${where} has a longer mediaType than there may be`)
  if (typeof digest !== 'string' || !looksLikeDigest(digest)) throw invalid(`${where} has no valid digest`)
  // A subject may be of any algorithm: it need not exist here.
  if (where !== 'subject' && !isDigest(digest)) throw invalid(`${where} has an unsupported digest`)
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
    throw invalid(`${where} has no valid size`)

  const descriptor: Descriptor = { mediaType, digest, size }
  if (isObject(value.platform)) descriptor.platform = readPlatform(value.platform)
  if (value.annotations !== undefined) {
    descriptor.annotations = readAnnotations(value.annotations, `${where}.annotations`)
  }
  return descriptor
}

/** What is pushed must mean the same to every reader: we look after what it references, and clients pull what they read. */
function expectOwnSpelling(value: Json, fields: readonly string[]): void {
  const variant = findVariant(Object.keys(value), fields)
  if (variant !== undefined) throw invalid(`${JSON.stringify(variant)} is not how the field is spelled`)
}

function readAnnotations(value: unknown, where: string): Record<string, string> {
  if (value === undefined || value === null) return {}
  if (!isObject(value)) throw invalid(`${where} must be an object`)
  for (const [name, entry] of Object.entries(value)) {
    if (!isText(name) || !isText(entry)) throw invalid(`${where} must have strings for values`)
  }

  return value as Record<string, string>
}

function readPlatform(value: Json): Platform {
  const platform: Platform = {}
  for (const name of PLATFORM_FIELDS) {
    const field = value[name]
    if (isText(field) || (Array.isArray(field) && field.every(isText))) platform[name] = field
  }

  return platform
}

function readOptionalString(value: unknown, where: string): string {
  if (value === undefined || value === null) return ''
  if (!isText(value)) throw invalid(`${where} must be a string`)

  return value
}

function sizeOf(descriptors: Descriptor[]): number {
  const sizes = new Map(descriptors.map((descriptor) => [descriptor.digest, descriptor.size]))

  return [...sizes.values()].reduce((sum, size) => sum + size, 0)
}

/** A string of characters that can be stored: PostgreSQL has no NUL, and half a surrogate pair is none. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && !value.includes('\0') && value.isWellFormed()
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function invalid(reason: string, cause?: unknown): OciError {
  return new OciError('MANIFEST_INVALID', { message: `manifest invalid: ${reason}`, cause })
}
