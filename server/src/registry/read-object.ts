import type { ByteRange, ObjectReader } from '../storage/driver.ts'

/** How an object is opened in the store. */
export type OpenObject = (key: string) => Promise<ObjectReader>

/** All bytes of something that has some. */
export function wholeOf({ size }: { size: number }): ByteRange {
  return { start: 0, end: size - 1 }
}

/** Reads a range that fits into memory, in memory of its own, and leaves nothing open. */
export async function readRange(open: OpenObject, key: string, { start, end }: ByteRange): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(end - start + 1)
  const reader = await open(key)
  try {
    await fill(reader, bytes, start)
  } finally {
    await reader.close()
  }

  return bytes
}

/** Fills all of `buffer` with the bytes from `start` on; an object that ends within them is an error. */
export async function fill(reader: ObjectReader, buffer: Buffer, start: number): Promise<void> {
  for (let done = 0; done < buffer.length; ) {
    const read = await reader.read(buffer.subarray(done), start + done)
    if (read === 0) throw new Error(`the object ends at byte ${start + done}`)
    done += read
  }
}
