import { expect, test } from 'vitest'
import { ObjectTooLargeError } from '../../errors.ts'
import { someBytes } from '../../suite/bytes.ts'
import type { Bucket } from './bucket.ts'
import type { InParts } from './marks.ts'
import { createPartWriter } from './part-writer.ts'

/** As those of a bucket, a little smaller: nine parts, and the bytes behind them. */
const SIZES = [
  { upTo: 3, size: 8, least: 5 },
  { upTo: 6, size: 32, least: 8 },
  { upTo: 9, size: 128, least: 32 },
]
const NOTHING: InParts = { parts: [], tail: Buffer.alloc(0) }

/** A bucket that takes parts of one multipart upload, by number. */
function partsTaken() {
  const taken = new Map<number, Uint8Array>()
  const bucket = {
    async uploadPart(_to: unknown, number: number, bytes: Uint8Array) {
      taken.set(number, bytes)
      return { etag: String(number), size: bytes.byteLength }
    },
  } as unknown as Bucket
  const begin = async () => ({ key: 'key', id: 'id', writer: 'writer' })

  return { taken, open: (start: InParts) => createPartWriter(bucket, start, begin, SIZES) }
}

function whole(taken: Map<number, Uint8Array>, tail: Uint8Array): Buffer {
  return Buffer.concat([...[...taken].sort(([a], [b]) => a - b).map(([, bytes]) => bytes), tail])
}

test('one long append grows its parts, and leaves the last number for what stands behind them', async () => {
  const bytes = someBytes(8 * 3 + 32 * 3 + 128 * 3)
  const { taken, open } = partsTaken()
  const writer = open(NOTHING)

  for (const byte of bytes) await writer.write(Buffer.of(byte))
  const { parts, tail } = await writer.end()

  expect(parts.map(({ size }) => size)).toEqual([8, 8, 8, 32, 32, 32, 128, 128, 128])
  expect(whole(taken, tail)).toEqual(bytes)
  await expect(writer.write(Buffer.of(1))).rejects.toThrow(ObjectTooLargeError)
})

test('many short appends do not become a part each when there are many', async () => {
  const { taken, open } = partsTaken()
  let at: InParts = NOTHING
  let bytes = Buffer.alloc(0)
  for (let number = 1; at.parts.length < 9; number += 1) {
    const chunk = someBytes(5, number)
    const writer = open(at)
    await writer.write(chunk)
    at = await writer.end()
    bytes = Buffer.concat([bytes, chunk])
  }

  expect(at.parts.map(({ size }) => size)).toEqual([5, 5, 5, 10, 10, 10, 35, 35, 35])
  expect(whole(taken, at.tail)).toEqual(bytes)
  await expect(open(at).write(Buffer.of(1))).rejects.toThrow(ObjectTooLargeError)
})
