import { Readable } from 'node:stream'
import { StorageFailureError } from '../../errors.ts'
import type { OpenFile } from './fs.ts'

/** Larger than Node's own 64 KiB: measured, it is what a blob's throughput depends on most. */
const CHUNK_BYTES = 1024 * 1024

/**
 * A stream of the `length` bytes of `file` from `start` on. It owns the file and closes it at the end,
 * on failure and when destroyed. A file that turns out shorter is a failure, never an early end.
 */
export function streamFile(file: OpenFile, key: string, start: number, length: number): Readable {
  const end = start + length
  let position = start

  async function readChunk(): Promise<Uint8Array | null> {
    if (position >= end) return null

    const wanted = Math.min(CHUNK_BYTES, end - position)
    // Not from the pool: a small slice of it would keep the whole slab alive behind a slow reader.
    const buffer = Buffer.allocUnsafeSlow(wanted)
    const { bytesRead } = await file.read(buffer, 0, wanted, position)
    if (bytesRead === 0) throw new Error(`the file ends after ${position} bytes, before byte ${end}`)
    position += bytesRead

    return bytesRead === wanted ? buffer : buffer.subarray(0, bytesRead)
  }

  return new Readable({
    highWaterMark: CHUNK_BYTES,
    read() {
      readChunk().then(
        (chunk) => this.push(chunk),
        (error) => this.destroy(new StorageFailureError('read', key, error)),
      )
    },
    destroy(error, done) {
      // Waits for a read that is under way.
      file.close().then(
        () => done(error),
        (closing) => done(error ?? new StorageFailureError('read', key, closing)),
      )
    },
  })
}
