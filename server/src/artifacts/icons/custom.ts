import type { Manifest } from '../../oci/manifest.ts'
import type { Content } from '../processors/processor.ts'

const ICON_ANNOTATION = 'io.goharbor.artifact.v1alpha1.icon'
export const MAX_ICON_BYTES = 1024 * 1024

/** Digest of the layer that is an artifact's own icon: marked as such, small, and a picture by its first bytes. */
export async function customIcon({ layers }: Manifest, content: Content): Promise<string | undefined> {
  const layer = layers.find((entry) => entry.annotations?.[ICON_ANNOTATION] !== undefined)
  const picture = layer && (await content.bytes(layer, MAX_ICON_BYTES))

  return picture && pictureType(picture) ? layer?.digest : undefined
}

const SIGNATURES: [mediaType: string, bytes: Buffer][] = [
  ['image/png', Buffer.from('89504e470d0a1a0a', 'hex')],
  ['image/jpeg', Buffer.from('ffd8ff', 'hex')],
  ['image/gif', Buffer.from('GIF8', 'latin1')],
]

/** What kind of picture bytes are, told by how they begin; undefined for what no browser may be given. */
export function pictureType(bytes: Buffer): string | undefined {
  return SIGNATURES.find(([, signature]) => bytes.subarray(0, signature.length).equals(signature))?.[0]
}
