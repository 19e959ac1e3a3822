import { createHash } from 'node:crypto'

export const BLOBS = 'docker/registry/v2/blobs/sha256'
export const BYTES = Buffer.alloc(64, 'x')

/** The digest of the n-th blob. That its bytes have another one is seen by nobody here. */
export function hexOf(n: number): string {
  return createHash('sha256').update(`unreferenced ${n}`).digest('hex')
}
