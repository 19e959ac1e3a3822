import { OciError } from '../oci/errors.ts'
import { manifestTooLarge } from './steps/check-length.ts'

/**
 * Reads a request body whole.
 *
 * @throws {OciError} 413 beyond `limit` bytes, and for a client that breaks off.
 */
export async function readBody(source: AsyncIterable<Uint8Array>, limit: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for await (const chunk of source) {
      length += chunk.length
      if (length > limit) throw manifestTooLarge(limit)
      chunks.push(chunk)
    }
  } catch (error) {
    if (error instanceof OciError) throw error
    throw new OciError('SIZE_INVALID', { message: 'the request body ended early', cause: error })
  }

  return Buffer.concat(chunks, length)
}
