export const OCI_IMAGE = 'application/vnd.oci.image.manifest.v1+json'
export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json'
/** What an image's config is called where nothing else is said. */
export const OCI_IMAGE_CONFIG = 'application/vnd.oci.image.config.v1+json'
export const DOCKER_IMAGE_CONFIG = 'application/vnd.docker.container.image.v1+json'
const DOCKER_IMAGE = 'application/vnd.docker.distribution.manifest.v2+json'
export const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json'

const MANIFEST_KINDS: Record<string, 'image' | 'index'> = {
  [OCI_IMAGE]: 'image',
  [DOCKER_IMAGE]: 'image',
  [OCI_INDEX]: 'index',
  [DOCKER_LIST]: 'index',
}

/** What a media type says a manifest is, or undefined for one we do not take. */
export function manifestKind(mediaType: string): 'image' | 'index' | undefined {
  return Object.hasOwn(MANIFEST_KINDS, mediaType) ? MANIFEST_KINDS[mediaType] : undefined
}

/** Layers that need not be in the registry: they are fetched from elsewhere (image specification, layer.md). */
export function isNondistributable(mediaType: string): boolean {
  return (
    mediaType.startsWith('application/vnd.oci.image.layer.nondistributable.v1.') ||
    mediaType.startsWith('application/vnd.docker.image.rootfs.foreign.diff.')
  )
}

/** Of RFC 6838: two names of 127 characters at most. What is kept of it goes into an index. */
const MAX_LENGTH = 255

/** Whether a text is longer than any media type. */
export function isMediaTypeLong(text: string): boolean {
  return text.length > MAX_LENGTH
}

/** A Content-Type header without its parameters, which the registry ignores. */
export function withoutParameters(contentType: string): string {
  return (contentType.split(';', 1)[0] ?? '').trim().toLowerCase()
}
