import { createHash, randomBytes } from 'node:crypto'

export const IMAGE = 'application/vnd.oci.image.manifest.v1+json'
export const INDEX = 'application/vnd.oci.image.index.v1+json'
export const CONFIG = 'application/vnd.oci.image.config.v1+json'
export const LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip'
const EMPTY = 'application/vnd.oci.empty.v1+json'
const OCTETS = 'application/octet-stream'
export const DOCKER_IMAGE = 'application/vnd.docker.distribution.manifest.v2+json'
export const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json'
export const DOCKER_CONFIG = 'application/vnd.docker.container.image.v1+json'
export const DOCKER_LAYER = 'application/vnd.docker.image.rootfs.diff.tar.gzip'

export type Algorithm = 'sha256' | 'sha512'

/** Bytes with the type and the digest they go by: a blob or a manifest. */
export interface Content {
  mediaType: string
  bytes: Buffer
  digest: string
}

export interface Descriptor {
  mediaType: string
  digest: string
  size: number
  urls?: string[]
  annotations?: Record<string, string>
  artifactType?: string
  data?: string
  platform?: { os: string; architecture: string }
}

export interface ManifestOptions {
  algorithm?: Algorithm
  artifactType?: string
  annotations?: Record<string, string>
  subject?: Descriptor
  /** Fields that no specification knows. */
  extra?: Record<string, unknown>
}

export interface ImageOptions extends ManifestOptions {
  config: Descriptor
  layers: Descriptor[]
}

export function digestOf(bytes: Buffer | string, algorithm: Algorithm = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`
}

/** A digest of well-formed content that nobody has pushed. */
export function unknownDigest(algorithm: Algorithm = 'sha256'): string {
  return digestOf(randomBytes(32), algorithm)
}

/** Content of any bytes; random ones of the given size when a number is given. */
export function blob(
  content: Buffer | string | number = 64,
  mediaType = OCTETS,
  algorithm?: Algorithm,
): Content {
  const bytes = typeof content === 'number' ? randomBytes(content) : Buffer.from(content)
  return { mediaType, bytes, digest: digestOf(bytes, algorithm) }
}

export function layer(size = 256, algorithm?: Algorithm): Content {
  return blob(size, LAYER, algorithm)
}

/** A minimal image configuration, different each time. */
export function config(architecture = 'amd64', algorithm?: Algorithm): Content {
  const fields = {
    architecture,
    os: 'linux',
    config: { Env: [`UNIQUE=${randomBytes(8).toString('hex')}`] },
    rootfs: { type: 'layers', diff_ids: [] },
  }
  return blob(JSON.stringify(fields), CONFIG, algorithm)
}

/** The empty JSON object that artifacts use where an image has its configuration. */
export function emptyConfig(algorithm?: Algorithm): Content {
  return blob('{}', EMPTY, algorithm)
}

export function descriptorOf(content: Content): Descriptor {
  return { mediaType: content.mediaType, digest: content.digest, size: content.bytes.length }
}

function manifest(mediaType: string, fields: Record<string, unknown>, algorithm?: Algorithm): Content {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...fields }))
  return { mediaType, bytes, digest: digestOf(bytes, algorithm) }
}

export function image(options: ImageOptions, mediaType = IMAGE): Content {
  const { config: configuration, layers, ...rest } = options
  return manifest(
    mediaType,
    { config: configuration, layers, ...commonFields(rest) },
    options.algorithm ?? 'sha256',
  )
}

export function index(manifests: Descriptor[], options: ManifestOptions = {}, mediaType = INDEX): Content {
  return manifest(mediaType, { manifests, ...commonFields(options) }, options.algorithm ?? 'sha256')
}

function commonFields(options: ManifestOptions): Record<string, unknown> {
  const { artifactType, annotations, subject, extra } = options
  return {
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(subject === undefined ? {} : { subject }),
    ...(annotations === undefined ? {} : { annotations }),
    ...extra,
  }
}
