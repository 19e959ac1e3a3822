import type { Manifest } from '../../oci/manifest.ts'
import { DomainError } from '../../platform/errors.ts'
import type { Addition, Content } from '../processors/processor.ts'

/** Documents of large images reach some ten MiB. */
const MAX_BYTES = 32 * 1024 * 1024

/** The bill of materials itself: the first layer. */
export async function sbomDocument({ layers }: Manifest, content: Content): Promise<Addition | undefined> {
  const [layer] = layers
  if (!layer) return undefined
  if (layer.size > MAX_BYTES)
    throw new DomainError('too-large', `the document has more than ${MAX_BYTES} bytes`)
  const body = await content.bytes(layer, MAX_BYTES)

  return body && { mediaType: 'application/json', body }
}
