import { OciError } from '../../oci/errors.ts'
import type { Exchange } from '../exchange.ts'

/** A manifest that says beforehand that it is too large is not read at all. */
export function checkLength(exchange: Exchange): void {
  const length = Number(exchange.request.headers['content-length'] ?? 0)
  if (length > exchange.deps.manifestMaxBytes) throw manifestTooLarge(exchange.deps.manifestMaxBytes)
}

/** Specification, "Pushing Manifests": 413 above the registry's limit. */
export function manifestTooLarge(limit: number): OciError {
  return new OciError('SIZE_INVALID', {
    status: 413,
    message: `manifest exceeds the limit of ${limit} bytes`,
  })
}
