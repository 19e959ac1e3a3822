import { isDigest } from '../../oci/digest.ts'
import { OciError } from '../../oci/errors.ts'
import { isTag } from '../../oci/reference.ts'
import type { Exchange } from '../exchange.ts'

/** A manifest's reference must be a tag or a digest; a digest is recognised by its colon. */
export function checkReference(exchange: Exchange): void {
  const { reference, endpoint } = exchange
  if (isDigest(reference) || isTag(reference)) return

  // Asking for what cannot exist is asking for what does not (specification, "Pulling manifests").
  if (endpoint === 'manifest-get') throw new OciError('MANIFEST_UNKNOWN', { detail: reference })
  throw reference.includes(':')
    ? new OciError('DIGEST_INVALID', { message: 'invalid digest', detail: reference })
    : new OciError('TAG_INVALID', { detail: reference })
}
