import { Readable } from 'node:stream'
import type { ByteRange } from '../../driver.ts'
import { InvalidRangeError, ObjectMissingError } from '../../errors.ts'
import type { Bucket } from './bucket.ts'

/** How often one download goes on with another request after its connection broke. */
const RESUMES = 3

/**
 * The object's bytes, or those of the range. A connection that breaks, or ends early, is resumed behind the last byte that
 * arrived; only when that fails as well does the stream.
 */
export async function readObject(bucket: Bucket, key: string, range?: ByteRange): Promise<Readable> {
  const first = await bucket.get(key, range)
  if (range && first.size !== range.end - range.start + 1) {
    first.body.destroy()
    throw new InvalidRangeError(key, range)
  }
  const start = range?.start ?? 0
  const whole = { start, end: start + first.size - 1 }

  return Readable.from(resuming(bucket, key, whole, first.body), { objectMode: false })
}

/** A small object at once. */
export async function readWhole(bucket: Bucket, key: string, range?: ByteRange): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of await readObject(bucket, key, range)) chunks.push(chunk)

  return Buffer.concat(chunks)
}

async function* resuming(
  bucket: Bucket,
  key: string,
  { start, end }: ByteRange,
  first: Readable,
): AsyncGenerator<Uint8Array> {
  let body = first
  let position = start

  for (let resumes = 0; ; resumes += 1) {
    try {
      for await (const chunk of body as AsyncIterable<Uint8Array>) {
        position += chunk.byteLength
        yield chunk
      }
      if (position > end) return
      throw new Error(`the store sent ${position - start} of ${end - start + 1} bytes`)
    } catch (error) {
      if (resumes === RESUMES || position > end || error instanceof ObjectMissingError) throw error
    } finally {
      body.destroy()
    }
    body = (await bucket.get(key, { start: position, end })).body
  }
}
