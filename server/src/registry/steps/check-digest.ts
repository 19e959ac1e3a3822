import { isDigest } from '../../oci/digest.ts'
import { OciError } from '../../oci/errors.ts'
import type { Exchange } from '../exchange.ts'

/** The reference must be a digest. */
export function checkDigest(exchange: Exchange): void {
  if (!isDigest(exchange.reference)) {
    throw new OciError('DIGEST_INVALID', {
      message: 'invalid digest: it must be sha256 or sha512 in lower case hexadecimal',
      detail: exchange.reference,
    })
  }
}
