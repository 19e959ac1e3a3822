import type { Readable } from 'node:stream'

/** Reads at most so many bytes, and closes what is longer. */
export async function readAnswer(body: Readable, mostBytes: number): Promise<{ body: Buffer; cut: boolean }> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of body as AsyncIterable<Buffer>) {
    pieces.push(piece)
    length += piece.length
    // Leaving the loop destroys the stream, and with it the connection.
    if (length > mostBytes) return { body: Buffer.concat(pieces).subarray(0, mostBytes), cut: true }
  }
  return { body: Buffer.concat(pieces), cut: false }
}
