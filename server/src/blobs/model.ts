import type { Algorithm } from '../oci/digest.ts'
import type { UploadState } from '../storage/driver.ts'

/** A blob that a repository offers, and where its bytes are. */
export interface StoredBlob {
  id: number
  digest: string
  /** Bytes. */
  size: number
  key: string
  offerTime: Date
}

/** An upload in progress. */
export interface Upload {
  id: string
  repositoryId: number
  /** Undefined until its first bytes were noted: the store knows nothing of it. */
  state: UploadState | undefined
  algorithm: Algorithm
  /** Bytes received and durable. */
  offset: number
  /** Digest of those bytes. */
  offsetDigest: string
  /** Raised by every writer; whoever holds an older one may change nothing more. */
  epoch: number
  /** Whether a writer is at work, or died at it. */
  writing: boolean
}

/**
 * Whether offering a blob must be noted. A client that is told the blob exists will not upload it, so the offer renews
 * the grace, which is how long an unreferenced blob is safe after it was last uploaded or offered; writing only when
 * half of it has passed keeps HEAD requests cheap.
 */
export function mustRenewOffer(offerTime: Date, now: Date, graceSeconds: number): boolean {
  return now.getTime() - offerTime.getTime() > (graceSeconds * 1000) / 2
}
