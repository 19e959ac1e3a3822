import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream as WebStream } from 'node:stream/web'
import { createGunzip } from 'node:zlib'
import { createTarDecoder } from 'modern-tar'
import { DomainError } from '../../platform/errors.ts'

/**
 * Of an archive as unpacked: more than any chart needs, little enough to read through while somebody waits, and to
 * hold, should all of it be one header.
 */
const MAX_ARCHIVE_BYTES = 32 * 1024 * 1024
/** Of one file taken out of it. */
export const MAX_FILE_BYTES = 4 * 1024 * 1024

export interface ArchiveOptions {
  gzip: boolean
  /** Whether a file is wanted; asked of regular files only. */
  wants(path: string): boolean
  /** No more is read once so many files were found. */
  count: number
}

/**
 * Files of a tar archive by their paths, the first of each. What is wanted is kept in memory, everything else
 * flows by; a bomb ends at the bounds. Closes `source` in any case.
 *
 * @throws {DomainError} too-large beyond the bounds, bad-request where it is no such archive.
 */
export async function readArchive(source: Readable, options: ArchiveOptions): Promise<Map<string, Buffer>> {
  // What goes in has a bound as well: compressed members that hold nothing come to nothing, however many they are.
  const unzip = options.gzip ? [limit(MAX_ARCHIVE_BYTES), createGunzip()] : []
  const steps = [source, ...unzip, limit(MAX_ARCHIVE_BYTES)]
  const last = steps.at(-1) as Transform
  // Errors of any step arrive at the last one, which is the one being read.
  const flow = pipeline(steps as [Readable, ...Transform[]]).catch(() => undefined)
  try {
    return await takeFiles(last, options)
  } catch (error) {
    if (error instanceof DomainError) throw error
    throw new DomainError('bad-request', 'the content of the artifact cannot be unpacked', { cause: error })
  } finally {
    for (const step of steps) step.destroy()
    await flow
  }
}

async function takeFiles(tar: Readable, options: ArchiveOptions): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>()
  const bytes = Readable.toWeb(tar) as WebStream<Uint8Array>
  const entries = bytes.pipeThrough(createTarDecoder({ strict: true }) as never) as WebStream<{
    header: { name: string; type?: string; size: number }
    body: WebStream<Uint8Array>
  }>
  for await (const { header, body } of entries) {
    const wanted = header.type === 'file' && !files.has(header.name) && options.wants(header.name)
    if (wanted && header.size > MAX_FILE_BYTES) throw tooLarge(header.name)
    const chunks: Uint8Array[] = []
    for await (const chunk of body) if (wanted) chunks.push(chunk)
    if (wanted) files.set(header.name, Buffer.concat(chunks))
    if (files.size >= options.count) break
  }
  return files
}

function limit(maxBytes: number): Transform {
  let seen = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length
      if (seen > maxBytes)
        done(new DomainError('too-large', 'the content of the artifact is too large to unpack'))
      else done(null, chunk)
    },
  })
}

/** A file that is too large to be answered. */
export function tooLarge(path: string): DomainError {
  return new DomainError('too-large', `${path} has more than ${MAX_FILE_BYTES} bytes`)
}
