import { ObjectMissingError } from '../../errors.ts'
import { type Bucket, sizeOf } from './bucket.ts'
import { copyObject } from './copy.ts'
import { type InParts, isWhole, listMarks, type Mark, readMark, writeMark } from './marks.ts'
import { markKey, newBaseKey, UPLOADS } from './names.ts'
import { isWrongPart } from './s3-errors.ts'

/** Two who do it at once get in each other's way; the slower one finds what the other has made. */
const ATTEMPTS = 2

/**
 * A bucket shows nothing of a multipart upload before its end. Who must read what an upload holds (to hash it again, to
 * copy it for somebody else, to cut it within a part) has to end it, which makes one object of it. This is rare: the
 * usual client sends a blob in one go, to one process.
 *
 * Answers the key of an object that begins with the first `length` bytes of the upload, and takes their place. The longest mark is
 * tried first, so that nothing is lost that somebody else knows of; one that a later writer has made void is passed over.
 */
export async function seal(bucket: Bucket, name: string, length: number): Promise<string> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const lengths = await listMarks(bucket, name)
    if (lengths.length === 0) throw new ObjectMissingError(name)
    for (const marked of lengths.toReversed()) {
      const mark = marked >= length ? await readMark(bucket, name, marked) : undefined
      const base = mark && (await unlessVoid(wholeOf(bucket, name, mark)))
      if (base) return base
    }
  }
  throw new Error(`the upload does not hold ${length} bytes any more`)
}

async function wholeOf(bucket: Bucket, name: string, mark: Mark): Promise<string | undefined> {
  if (isWhole(mark)) return mark.base

  return mark.multipart && makeWhole(bucket, name, mark)
}

async function makeWhole(bucket: Bucket, name: string, mark: Mark & InParts): Promise<string> {
  const key = await completeMultipart(bucket, mark)
  const base = key.startsWith(UPLOADS) ? key : newBaseKey(name)
  if (base !== key) await copyObject(bucket, key, mark.length, base, name)
  await writeMark(bucket, name, { length: mark.length, base })

  // The others speak of an upload that is over. What they could say is in this one, or was never acknowledged.
  for (const other of await listMarks(bucket, name)) {
    if (other !== mark.length) await bucket.delete(markKey(name, other))
  }
  if (base !== key) await bucket.delete(key)

  return base
}

/**
 * Makes an object of the upload that a mark speaks of, and answers its key. It may have been made before, by a call whose answer
 * was lost or whose process died.
 */
export async function completeMultipart(bucket: Bucket, mark: InParts): Promise<string> {
  const { multipart, parts, tail } = mark
  if (!multipart) throw new Error('the upload has no parts')

  try {
    const last = tail.length > 0 ? [await bucket.uploadPart(multipart, parts.length + 1, tail)] : []
    await bucket.complete(multipart, [...parts, ...last])
  } catch (error) {
    if (!(error instanceof ObjectMissingError)) throw error
  }
  // Asked again, one server says that there is no such upload, and another that all is well, whatever it was ended with.
  const made = await bucket.head(multipart.key)
  if (made?.writer !== multipart.writer || made.size !== sizeOf(parts) + tail.length) {
    throw new ObjectMissingError(multipart.key)
  }

  return multipart.key
}

/** Undefined where a mark speaks of parts, or of an upload, that are not there any more. */
export async function unlessVoid<T>(made: Promise<T>): Promise<T | undefined> {
  try {
    return await made
  } catch (error) {
    if (error instanceof ObjectMissingError || isWrongPart(error)) return undefined
    throw error
  }
}
