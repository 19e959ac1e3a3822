import type { Readable } from 'node:stream'
import { createChunkList } from '../../lib/chunk-list.ts'
import { DomainError } from '../errors.ts'

/**
 * Reads a body of the REST interface whole, in not much more memory than its bytes, however small the pieces in which it comes:
 * Fastify's own parsers keep them all.
 *
 * @throws {DomainError} too-large beyond `limit` bytes, before anything is read where it is announced.
 */
export async function readWhole(body: Readable, announced: number, limit: number): Promise<Buffer> {
  if (announced > limit) throw tooLarge()
  const chunks = createChunkList()
  try {
    for await (const chunk of body.iterator({ destroyOnReturn: false })) {
      chunks.add(chunk as Uint8Array)
      if (chunks.size > limit) throw tooLarge()
    }
  } catch (error) {
    // As Fastify marks them: the client has gone.
    throw error instanceof DomainError ? error : Object.assign(error as Error, { statusCode: 400 })
  }
  return chunks.join()
}

function tooLarge(): DomainError {
  return new DomainError('too-large', 'the request body is too large')
}
