import { ObjectMissingError } from '../../errors.ts'
import type { Bucket, Multipart, Part } from './bucket.ts'
import { markedLength, markKey, uploadPrefix } from './names.ts'
import { readWhole } from './read-object.ts'

const PAGE = 1000

/**
 * What the first `length` bytes of an upload consist of, durable, written at the end of every append: one object as
 * a whole, or parts of a multipart upload and, behind them, a few bytes that are too few for a part. An upload
 * that was interrupted goes on from the mark of the length that its caller knows of.
 */
export type Mark = { length: number } & (Whole | InParts)

export interface Whole {
  /** Key of an object of exactly that length. */
  base: string
}

export interface InParts {
  /** Begun with the first part. */
  multipart?: Multipart
  parts: Part[]
  tail: Buffer
}

export function isWhole(mark: Whole | InParts): mark is Whole {
  return 'base' in mark
}

/** Replaces what may stand there. */
export async function writeMark(bucket: Bucket, name: string, mark: Mark): Promise<void> {
  const { length: _length, ...content } = mark
  const { tail, head } = isWhole(content)
    ? { head: content, tail: Buffer.alloc(0) }
    : { head: { multipart: content.multipart, parts: content.parts }, tail: content.tail }

  await bucket.put(
    markKey(name, mark.length),
    Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), tail]),
  )
}

/**
 * The mark of that length, or else the next longer one. Rejects with `ObjectMissingError` where the upload has
 * none at all, with an ordinary error where it is shorter.
 */
export async function findMark(bucket: Bucket, name: string, length: number): Promise<Mark> {
  const exact = await readMark(bucket, name, length)
  if (exact) return exact

  const lengths = await listMarks(bucket, name)
  if (lengths.length === 0) throw new ObjectMissingError(name)
  const longer = lengths.find((each) => each >= length)
  const mark = longer === undefined ? undefined : await readMark(bucket, name, longer)
  if (mark === undefined) throw new Error(`the upload holds ${lengths.at(-1)} bytes, not ${length}`)

  return mark
}

/** Lengths of all marks, shortest first. */
export async function listMarks(bucket: Bucket, name: string): Promise<number[]> {
  const keys = await listUpload(bucket, name)

  return keys.flatMap((key) => markedLength(key) ?? [])
}

/** All keys below the upload's prefix. */
export async function listUpload(bucket: Bucket, name: string): Promise<string[]> {
  const keys: string[] = []
  for (let more = true; more; ) {
    const page = await bucket.list(uploadPrefix(name), keys.at(-1) ?? '', PAGE)
    keys.push(...page.objects.map(({ key }) => key))
    more = page.more
  }

  return keys
}

export async function readMark(bucket: Bucket, name: string, length: number): Promise<Mark | undefined> {
  try {
    return parse(await readWhole(bucket, markKey(name, length)), length)
  } catch (error) {
    if (error instanceof ObjectMissingError) return undefined
    throw error
  }
}

function parse(bytes: Buffer, length: number): Mark {
  const end = bytes.indexOf('\n')
  const head = JSON.parse(bytes.subarray(0, end).toString()) as Whole | Omit<InParts, 'tail'>

  return 'base' in head ? { length, ...head } : { length, ...head, tail: bytes.subarray(end + 1) }
}
