const GIVEN_AWAY = Symbol('given away')

type Chunk = Uint8Array & { [GIVEN_AWAY]?: true }

/** Says of a chunk that just came in that nobody has it but who gets it next: he may release its memory. */
export function giveAway(chunk: Chunk): Uint8Array {
  chunk[GIVEN_AWAY] = true
  return chunk
}

/**
 * Gives the memory of a chunk back at once if it was given away; nobody may read it afterwards, and its length is 0. Left to the garbage collector,
 * every 64 MiB of chunks cost a marking of the whole heap.
 */
export function releaseMemory(chunk: Chunk): void {
  const { buffer } = chunk
  // Others have a part of the same memory where it is larger than the chunk.
  const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === chunk.byteLength
  if (chunk[GIVEN_AWAY] && isWhole) buffer.transfer(0)
}
