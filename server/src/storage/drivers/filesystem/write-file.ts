import type { OpenFile } from './fs.ts'
import { ignoreError } from './fs-errors.ts'

const BATCH_BYTES = 1024 * 1024
/** So that a trickle of tiny chunks, each holding on to a larger buffer, stays bounded too. */
const BATCH_CHUNKS = 128

/**
 * Writes `chunks` from `position` on and answers their number of bytes. Chunks are gathered to batches
 * of about 1 MiB, and one batch is being written while the next one is gathered: so at most two are in
 * memory. Syncs nothing. `chunks` itself does not throw (see `tolerateSource`), or a write may outlive the call.
 */
export async function writeChunks(
  file: OpenFile,
  position: number,
  chunks: AsyncIterable<Uint8Array>,
): Promise<number> {
  let batch: Uint8Array[] = []
  let gathered = 0
  let written = 0
  let writing: Promise<void> = Promise.resolve()

  async function flush(): Promise<void> {
    await writing
    writing = writeFully(file, position + written, batch)
    // It is awaited later; until then its failure must not count as unhandled.
    writing.catch(ignoreError)
    written += gathered
    batch = []
    gathered = 0
  }

  for await (const chunk of chunks) {
    batch.push(chunk)
    gathered += chunk.byteLength
    if (gathered >= BATCH_BYTES || batch.length >= BATCH_CHUNKS) await flush()
  }
  await flush()
  await writing

  return written
}

/** Writes all of `buffers` at `position`; a system call may write less than it was given. */
export async function writeFully(file: OpenFile, position: number, buffers: Uint8Array[]): Promise<void> {
  let rest = buffers.filter((buffer) => buffer.byteLength > 0)
  let at = position

  while (rest.length > 0) {
    const { bytesWritten } = await file.writev(rest, at)
    at += bytesWritten
    rest = dropBytes(rest, bytesWritten)
  }
}

function dropBytes(buffers: Uint8Array[], count: number): Uint8Array[] {
  let dropped = 0
  const rest: Uint8Array[] = []

  for (const buffer of buffers) {
    const skip = Math.min(buffer.byteLength, count - dropped)
    dropped += skip
    if (skip < buffer.byteLength) rest.push(buffer.subarray(skip))
  }

  return rest
}
