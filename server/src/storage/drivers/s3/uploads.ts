import { Readable } from 'node:stream'
import type { Appended, UploadState } from '../../driver.ts'
import { ObjectMissingError } from '../../errors.ts'
import { tolerateSource } from '../tolerated-source.ts'
import { type Bucket, type Multipart, sizeOf } from './bucket.ts'
import { copyObject, copyParts, readHead } from './copy.ts'
import {
  findMark,
  type InParts,
  isWhole,
  listMarks,
  listUpload,
  type Mark,
  readMark,
  writeMark,
} from './marks.ts'
import {
  markedLength,
  markKey,
  nameOf,
  newBaseKey,
  newObjectKey,
  newUploadName,
  objectKey,
  random,
} from './names.ts'
import { createPartWriter, MIN_PART } from './part-writer.ts'
import { readObject } from './read-object.ts'
import { completeMultipart, seal, unlessVoid } from './seal.ts'

/** What the methods below need. */
export interface Uploads {
  bucket: Bucket
  /** Objects get the key that the caller wishes, by a copy within the bucket, instead of staying where they were uploaded to. */
  atKeys: boolean
}

const NOTHING: InParts = { parts: [], tail: Buffer.alloc(0) }

export async function startUpload({ bucket }: Uploads, id: string): Promise<UploadState> {
  const name = newUploadName(id)
  await writeMark(bucket, name, { length: 0, ...NOTHING })

  return { name }
}

export async function append(
  uploads: Uploads,
  state: UploadState,
  offset: number,
  source: AsyncIterable<Uint8Array>,
): Promise<Appended> {
  const tolerated = tolerateSource(source)
  try {
    const written = await appendChunks(uploads, nameOf(state), offset, tolerated.chunks)
    return { state, written, ...tolerated.outcome() }
  } catch (error) {
    tolerated.discard()
    throw error
  }
}

async function appendChunks(
  uploads: Uploads,
  name: string,
  offset: number,
  chunks: AsyncIterable<Uint8Array>,
): Promise<number> {
  const { bucket } = uploads
  const start = await continueFrom(uploads, name, offset)
  const writer = createPartWriter(bucket, start, () => begin(uploads, name))
  let length = offset

  try {
    for await (const chunk of chunks) {
      // Before it is written: what was released has no length any more.
      length += chunk.byteLength
      await writer.write(chunk)
    }
    await writeMark(bucket, name, { length, ...(await writer.end()) })
  } catch (error) {
    await writer.discard()
    throw error
  }
  await dropOtherMarks(bucket, name, offset, length)

  return length - offset
}

/**
 * The caller has kept `offset`: nobody asks for less any more. He may not come to keep `length`: then he asks for
 * `offset` again. Whatever else is there was left by writers that were interrupted.
 */
async function dropOtherMarks(bucket: Bucket, name: string, offset: number, length: number): Promise<void> {
  for (const other of await listMarks(bucket, name)) {
    if (other !== offset && other !== length) await bucket.delete(markKey(name, other))
  }
}

/**
 * Parts and bytes that make the first `offset` bytes of the upload, to write behind. Rejects with `ObjectMissingError` where an object
 * was made of it: no part can follow those that it has.
 */
async function continueFrom(uploads: Uploads, name: string, offset: number): Promise<InParts> {
  const { bucket, atKeys } = uploads
  const cut = cutTo(await findMark(bucket, name, offset), offset)
  const isEnded = cut?.multipart !== undefined && (await bucket.head(cut.multipart.key)) !== undefined
  if (isEnded && !atKeys) throw new ObjectMissingError(name)
  if (cut && !isEnded) return cut

  const base = await seal(bucket, name, offset)
  if (offset < MIN_PART) return { parts: [], tail: await readHead(bucket, base, offset) }
  const multipart = await begin(uploads, name)
  const whole = { multipart, parts: await copyParts(bucket, multipart, base, offset), tail: Buffer.alloc(0) }
  await writeMark(bucket, name, { length: offset, ...whole })

  return whole
}

/** The same with less in it, where that takes no reading of parts. */
function cutTo(mark: Mark, length: number): InParts | undefined {
  if (isWhole(mark)) return undefined
  const { multipart, parts, tail } = mark
  const rest = length - sizeOf(parts)

  return rest < 0 ? undefined : { ...(multipart && { multipart }), parts, tail: tail.subarray(0, rest) }
}

export async function readUpload({ bucket }: Uploads, state: UploadState, length: number): Promise<Readable> {
  const name = nameOf(state)
  const cut = cutTo(await findMark(bucket, name, length), length)
  if (cut?.parts.length === 0)
    return Readable.from(cut.tail.length > 0 ? [cut.tail] : [], { objectMode: false })
  const base = await seal(bucket, name, length)

  return length === 0
    ? Readable.from([], { objectMode: false })
    : readObject(bucket, base, { start: 0, end: length - 1 })
}

export async function forkUpload(
  { bucket }: Uploads,
  state: UploadState,
  id: string,
  length: number,
): Promise<UploadState> {
  const name = nameOf(state)
  const fork = newUploadName(id)
  const cut = cutTo(await findMark(bucket, name, length), length)
  if (cut?.parts.length === 0) {
    await writeMark(bucket, fork, { length, ...cut })
    return { name: fork }
  }

  const base = newBaseKey(fork)
  await copyObject(bucket, await seal(bucket, name, length), length, base, fork)
  await writeMark(bucket, fork, { length, base })

  return { name: fork }
}

export async function finishUpload(
  uploads: Uploads,
  state: UploadState,
  length: number,
  key: string,
): Promise<string> {
  const name = nameOf(state)
  const { bucket, atKeys } = uploads
  const target = atKeys ? key : objectKey(name, length)
  const cut = cutTo(await findMark(bucket, name, length), length)

  if (cut?.parts.length === 0) {
    await bucket.put(target, cut.tail, { writer: name })
    return target
  }
  // Somebody who had to read it may have ended it, longer than it is to be.
  const placed = cut && !atKeys ? await unlessVoid(completeMultipart(bucket, cut)) : undefined
  if (placed !== undefined) return placed
  await copyObject(bucket, await seal(bucket, name, length), length, target, name)

  return target
}

/** The object stands elsewhere; what stays behind is found as stale. */
export async function forgetUpload({ bucket }: Uploads, state: UploadState): Promise<void> {
  await dropUpload(bucket, nameOf(state))
}

export async function abortUpload({ bucket }: Uploads, state: UploadState): Promise<void> {
  const name = nameOf(state)
  const lengths = await listMarks(bucket, name)
  for (const length of lengths) {
    const mark = await readMark(bucket, name, length)
    if (mark && !isWhole(mark) && mark.multipart) await bucket.abort(mark.multipart)
  }

  await dropUpload(bucket, name)
}

/** Marks last: as long as one is there, the upload is found again. */
async function dropUpload(bucket: Bucket, name: string): Promise<void> {
  const keys = await listUpload(bucket, name)
  const isMark = (key: string) => markedLength(key) !== undefined

  for (const key of keys.filter((each) => !isMark(each))) await bucket.delete(key)
  await Promise.all(keys.filter(isMark).map((key) => bucket.delete(key)))
}

/** A multipart upload, where its object stays, or where it is copied from later. */
function begin({ bucket, atKeys }: Uploads, name: string): Promise<Multipart> {
  return bucket.begin(atKeys ? newBaseKey(name) : newObjectKey(name), random())
}
