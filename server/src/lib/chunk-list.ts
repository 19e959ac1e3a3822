import { giveAway, releaseMemory } from './chunk-memory.ts'

const SMALL = 16 * 1024
const MOST_SMALL = 128

/**
 * Chunks that are kept until all of them are there. A client that sends byte by byte makes a chunk of each byte, which takes
 * five hundred times its room: small ones are packed together, so that the list is never much larger than its bytes.
 */
export interface ChunkList {
  /** Bytes in all chunks. */
  readonly size: number
  add(chunk: Uint8Array): void
  /** The bytes in chunks, not necessarily those that were added. */
  chunks(): readonly Uint8Array[]
  /** The bytes as one, and the end of the list: chunks that were given away to it are released. */
  join(): Buffer
}

export function createChunkList(): ChunkList {
  const chunks: Uint8Array[] = []
  let size = 0
  /** How many at the end of the list are small. */
  let small = 0

  function pack(): void {
    const packed = joinAndRelease(chunks.splice(-small))
    small = packed.byteLength < SMALL ? 1 : 0
    chunks.push(giveAway(packed))
  }

  return {
    get size() {
      return size
    },
    add(chunk) {
      chunks.push(chunk)
      size += chunk.byteLength
      small = chunk.byteLength < SMALL ? small + 1 : 0
      if (small > MOST_SMALL) pack()
    },
    chunks: () => chunks,
    join: () => joinAndRelease(chunks.splice(0)),
  }
}

function joinAndRelease(chunks: readonly Uint8Array[]): Buffer {
  const joined = Buffer.concat(chunks)
  for (const chunk of chunks) releaseMemory(chunk)
  return joined
}
