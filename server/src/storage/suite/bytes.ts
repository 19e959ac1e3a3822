import { Readable } from 'node:stream'
import type { StorageDriver, UploadState } from '../driver.ts'

export const MIB = 1024 * 1024

/** `length` bytes that look random and are the same for the same seed. */
export function someBytes(length: number, seed = 1): Buffer {
  const words = new Uint32Array(Math.ceil(length / 4))
  let state = (seed * 2_654_435_761) >>> 0 || 1
  for (let index = 0; index < words.length; index += 1) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[index] = state
  }

  return Buffer.from(words.buffer, 0, length)
}

/** A source that yields `chunks`, then throws `failure` if one is given. */
export async function* sourceOf(chunks: Uint8Array[], failure?: Error): AsyncGenerator<Uint8Array> {
  yield* chunks
  if (failure !== undefined) throw failure
}

/** `bytes` cut into chunks of `size`. */
export function cut(bytes: Buffer, size: number): Buffer[] {
  const chunks: Buffer[] = []
  for (let start = 0; start < bytes.length; start += size) chunks.push(bytes.subarray(start, start + size))

  return chunks
}

/** A source that yields what is pushed into it, as it is pushed: a client with a mind of its own. */
export function manualSource(): Readable {
  return new Readable({
    highWaterMark: 64 * MIB,
    read() {
      // Whoever holds it pushes.
    },
  })
}

export async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)

  return Buffer.concat(chunks)
}

export async function readObject(driver: StorageDriver, key: string): Promise<Buffer> {
  return readAll(await driver.read(key))
}

/** Uploads `bytes` as one object, all at once. */
export async function store(driver: StorageDriver, key: string, bytes: Buffer): Promise<string> {
  const begun = await driver.startUpload('store')
  const { state } = await driver.append(begun, 0, sourceOf([bytes]))

  return finish(driver, state, bytes.length, key)
}

/** Makes an object of an upload, as a caller does who writes its key down. */
export async function finish(
  driver: StorageDriver,
  state: UploadState,
  length: number,
  key: string,
): Promise<string> {
  const placed = await driver.finishUpload(state, length, key)
  await driver.forgetUpload(state)

  return placed
}
