import { releaseMemory } from '../../../lib/chunk-memory.ts'
import type { OpenFile } from './fs.ts'
import { ignoreError } from './fs-errors.ts'

/** So that a trickle of tiny chunks, each holding on to a larger buffer, stays bounded too. */
const BATCH_CHUNKS = 128
const WRITES_AT_ONCE = 3

/** Of how many bytes a batch is, and after how many what has come is synced. Smaller ones are for tests that look at every step. */
export interface WriteSizes {
  batch: number
  sync: number
}

export const WRITE_SIZES: WriteSizes = { batch: 512 * 1024, sync: 8 * 1024 * 1024 }

/**
 * Writes `chunks` from `position` on and answers their number of bytes. Chunks are gathered to batches
 * of about 512 KiB, and some batches are being written while the next one is gathered: so at most four are in
 * memory. What has come is synced now and then, so that the last sync, the caller's, has little left to do. `chunks` itself does not
 * throw (see `tolerateSource`).
 */
export async function writeChunks(
  file: OpenFile,
  position: number,
  chunks: AsyncIterable<Uint8Array>,
  sizes: WriteSizes,
): Promise<number> {
  const writes: Promise<void>[] = []
  let batch: Uint8Array[] = []
  let gathered = 0
  let written = 0
  let synced = 0
  let syncing: Promise<void> | undefined

  async function flush(): Promise<void> {
    if (writes.length >= WRITES_AT_ONCE) await writes.shift()
    const write = writeAndRelease(file, position + written, batch)
    // It is awaited later; until then its failure must not count as unhandled.
    write.catch(ignoreError)
    writes.push(write)
    written += gathered
    batch = []
    gathered = 0
    if (written - synced >= sizes.sync) await sync()
  }

  async function sync(): Promise<void> {
    await syncing
    syncing = file.datasync()
    syncing.catch(ignoreError)
    synced = written
  }

  try {
    for await (const chunk of chunks) {
      batch.push(chunk)
      gathered += chunk.byteLength
      if (gathered >= sizes.batch || batch.length >= BATCH_CHUNKS) await flush()
    }
    if (gathered > 0) await flush()
    await Promise.all(writes)
    await syncing
  } finally {
    // Nothing may be written after the call.
    await Promise.allSettled([...writes, syncing])
  }

  return written
}

async function writeAndRelease(file: OpenFile, position: number, batch: Uint8Array[]): Promise<void> {
  await writeFully(file, position, batch)
  for (const chunk of batch) releaseMemory(chunk)
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
