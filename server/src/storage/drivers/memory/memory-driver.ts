import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import type { ByteRange, StorageDriver, UploadState } from '../../driver.ts'
import { InvalidRangeError, ObjectExistsError, ObjectMissingError } from '../../errors.ts'
import { tolerateSource } from '../tolerated-source.ts'

/** What is stored; two drivers over the same contents are as two processes over one medium. */
export interface MemoryContents {
  objects: Map<string, Buffer>
  uploads: Map<string, Buffer>
  /** When each upload was last written to, milliseconds. */
  touched: Map<string, number>
}

const CHUNK_BYTES = 64 * 1024

/** No objects, no uploads. */
export function createMemoryContents(): MemoryContents {
  return { objects: new Map(), uploads: new Map(), touched: new Map() }
}

/** A driver for tests and trials: everything is gone when the process ends. */
export async function openMemoryDriver(contents = createMemoryContents()): Promise<StorageDriver> {
  return {
    kind: 'memory',
    ...objectMethods(contents),
    ...uploadMethods(contents),
    async capacity() {
      return undefined
    },
    async close() {
      // The contents belong to whoever handed them in.
    },
  }
}

function objectMethods({ objects }: MemoryContents) {
  return {
    async stat(key: string) {
      const bytes = objects.get(key)
      return bytes && { size: bytes.length }
    },
    async read(key: string, range?: ByteRange) {
      const bytes = objects.get(key)
      if (bytes === undefined) throw new ObjectMissingError(key)
      if (range === undefined) return stream(bytes)
      if (range.end >= bytes.length) throw new InvalidRangeError(key, range)
      return stream(bytes.subarray(range.start, range.end + 1))
    },
    async put(key: string, bytes: Uint8Array) {
      place(objects, key, Buffer.from(bytes))
    },
    async list(prefix: string, { after = '', limit }: { after?: string; limit: number }) {
      const start = prefix === '' ? '' : `${prefix}/`
      const keys = [...objects.keys()].filter((key) => key.startsWith(start) && key > after)
      return keys.sort().slice(0, limit)
    },
    async delete(key: string) {
      objects.delete(key)
    },
  }
}

function uploadMethods({ objects, uploads, touched }: MemoryContents) {
  function begin(id: string, bytes: Buffer): UploadState {
    const name = `${id}-${randomUUID()}`
    write(name, bytes)

    return { name }
  }

  function write(name: string, bytes: Buffer): void {
    uploads.set(name, bytes)
    touched.set(name, Date.now())
  }

  function drop(name: string): void {
    uploads.delete(name)
    touched.delete(name)
  }

  return {
    async startUpload(id: string) {
      return begin(id, Buffer.alloc(0))
    },
    async append(state: UploadState, offset: number, source: AsyncIterable<Uint8Array>) {
      const tolerated = tolerateSource(source)
      try {
        write(nameOf(state), head(uploads, state, offset))
        const chunks: Uint8Array[] = []
        for await (const chunk of tolerated.chunks) chunks.push(chunk)

        const bytes = Buffer.concat([head(uploads, state, offset), ...chunks])
        write(nameOf(state), bytes)
        return { state, written: bytes.length - offset, ...tolerated.outcome() }
      } catch (error) {
        tolerated.discard()
        throw error
      }
    },
    async readUpload(state: UploadState, length: number) {
      return stream(head(uploads, state, length))
    },
    async forkUpload(state: UploadState, id: string, length: number) {
      return begin(id, Buffer.from(head(uploads, state, length)))
    },
    async finishUpload(state: UploadState, length: number, key: string) {
      place(objects, key, head(uploads, state, length))
      return key
    },
    async forgetUpload(state: UploadState) {
      drop(nameOf(state))
    },
    async abortUpload(state: UploadState) {
      drop(nameOf(state))
    },
    async staleUploads(before: Date, limit: number) {
      const stale = [...touched].filter(([, time]) => time < before.getTime())
      return stale.slice(0, limit).map(([name]) => ({ name }))
    },
  }
}

function place(objects: Map<string, Buffer>, key: string, bytes: Buffer): void {
  if (objects.has(key)) throw new ObjectExistsError(key)
  objects.set(key, bytes)
}

function nameOf(state: UploadState): string {
  if (typeof state.name !== 'string') throw new Error('this is not the state of an upload in memory')

  return state.name
}

function head(uploads: Map<string, Buffer>, state: UploadState, length: number): Buffer {
  const name = nameOf(state)
  const bytes = uploads.get(name)
  if (bytes === undefined) throw new ObjectMissingError(name)
  if (bytes.length < length) throw new Error(`the upload holds ${bytes.length} bytes, not ${length}`)

  return bytes.subarray(0, length)
}

function stream(bytes: Buffer): Readable {
  let position = 0

  return new Readable({
    read() {
      if (position >= bytes.length) {
        this.push(null)
        return
      }
      this.push(bytes.subarray(position, position + CHUNK_BYTES))
      position += CHUNK_BYTES
    },
  })
}
