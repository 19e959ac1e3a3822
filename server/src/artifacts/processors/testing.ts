import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { type Descriptor, type Manifest, parseManifest } from '../../oci/manifest.ts'
import { OCI_IMAGE } from '../../oci/media-types.ts'
import type { Content } from './processor.ts'

/** Blobs and manifests in memory, to be read as those of a repository. */
export interface Shelf extends Content {
  blob(mediaType: string, body: string | Buffer, annotations?: Record<string, string>): Descriptor
  /** A manifest of those descriptors, as it would be pushed. */
  image(config: Descriptor, layers?: Descriptor[], extra?: object): Manifest
  /** A document as it is, which others can list. */
  put(document: object): { manifest: Manifest; descriptor: Descriptor }
}

export function shelf(): Shelf {
  const blobs = new Map<string, Buffer>()
  const manifests = new Map<string, Manifest>()
  const digestOf = (body: Buffer) => `sha256:${createHash('sha256').update(body).digest('hex')}`

  const bytes = async (blob: Descriptor, maxBytes: number) => {
    const body = blobs.get(blob.digest)
    return body && body.length <= maxBytes ? body : undefined
  }
  const put = (document: object) => {
    const body = Buffer.from(JSON.stringify(document))
    const manifest = parseManifest(body, undefined)
    manifests.set(digestOf(body), manifest)
    return {
      manifest,
      descriptor: { mediaType: manifest.mediaType, digest: digestOf(body), size: body.length },
    }
  }

  return {
    blob(mediaType, text, annotations) {
      const body = Buffer.from(text)
      blobs.set(digestOf(body), body)
      return { mediaType, digest: digestOf(body), size: body.length, ...(annotations && { annotations }) }
    },
    image: (config, layers = [], extra = {}) =>
      put({ schemaVersion: 2, mediaType: OCI_IMAGE, config, layers, ...extra }).manifest,
    put,
    bytes,
    async json(blob) {
      const body = blobs.get(blob.digest)
      try {
        return body && JSON.parse(body.toString())
      } catch {
        return undefined
      }
    },
    async stream(blob) {
      const body = blobs.get(blob.digest)
      return body && Readable.from([body])
    },
    manifest: async (digest) => manifests.get(digest),
  }
}
