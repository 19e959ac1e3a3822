import { ObjectExistsError } from '../../errors.ts'
import type { Bucket, Multipart, Part } from './bucket.ts'
import { MIN_PART } from './part-writer.ts'
import { readWhole } from './read-object.ts'

/** Bytes that one request lets the server copy. */
const PIECE = 1024 * 1024 * 1024

/**
 * Copies the first `length` bytes of an object within the bucket. Rejects with `ObjectExistsError` where `to` is taken
 * by another writer.
 */
export async function copyObject(
  bucket: Bucket,
  from: string,
  length: number,
  to: string,
  writer: string,
): Promise<void> {
  if (length < MIN_PART) return bucket.put(to, await readHead(bucket, from, length), { writer })
  const there = await bucket.head(to)
  if (there?.writer === writer) return
  if (there) throw new ObjectExistsError(to)

  const multipart = await bucket.begin(to, writer)
  try {
    await bucket.complete(multipart, await copyParts(bucket, multipart, from, length))
  } catch (error) {
    await bucket.abort(multipart)
    throw error
  }
}

/** Parts of `multipart` with the first `length` bytes of an object, at least `MIN_PART` of them. */
export async function copyParts(
  bucket: Bucket,
  multipart: Multipart,
  from: string,
  length: number,
): Promise<Part[]> {
  const size = Math.ceil(length / Math.ceil(length / PIECE))
  const parts: Part[] = []
  for (let start = 0; start < length; start += size) {
    const end = Math.min(start + size, length) - 1
    parts.push(await bucket.copyPart(multipart, parts.length + 1, from, { start, end }))
  }

  return parts
}

/** The first `length` bytes of an object: few of them. */
export async function readHead(bucket: Bucket, key: string, length: number): Promise<Buffer> {
  return length === 0 ? Buffer.alloc(0) : readWhole(bucket, key, { start: 0, end: length - 1 })
}
