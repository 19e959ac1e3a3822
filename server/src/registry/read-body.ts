import type { IncomingMessage } from 'node:http'
import { createChunkList } from '../lib/chunk-list.ts'
import { giveAway } from '../lib/chunk-memory.ts'
import { OciError } from '../oci/errors.ts'
import { manifestTooLarge } from './steps/check-length.ts'

/**
 * A request body as chunks of bytes. Giving up in the middle leaves the connection open, since the client must
 * still be told why, and drops the rest: unread it would stand before the next request on that connection.
 */
export async function* streamBody(request: IncomingMessage): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false }))
      yield giveAway(chunk as Uint8Array)
  } finally {
    request.resume()
  }
}

/**
 * Reads a request body whole.
 *
 * @throws {OciError} 413 beyond `limit` bytes, and for a client that breaks off.
 */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const chunks = createChunkList()
  try {
    for await (const chunk of streamBody(request)) {
      chunks.add(chunk)
      if (chunks.size > limit) throw manifestTooLarge(limit)
    }
  } catch (error) {
    if (error instanceof OciError) throw error
    throw new OciError('SIZE_INVALID', { message: 'the request body ended early', cause: error })
  }

  return chunks.join()
}
