import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { FastifyBaseLogger, FastifyReply } from 'fastify'
import type { StoredBlob } from '../blobs/model.ts'
import { type BlobsDeps, readBlob } from '../blobs/service.ts'
import { ignore } from '../lib/ignore.ts'
import type { ByteRange, ObjectReader } from '../storage/driver.ts'

/** Of each of the two buffers of a download. Larger ones are hardly faster, and slow clients hold them. */
const BUFFER_BYTES = 256 * 1024

/** Nobody listens any more: nothing that an operator must hear of. */
class ClientGone extends Error {
  constructor(cause?: Error) {
    super('the client went away', { cause })
    this.name = 'ClientGone'
  }
}

/**
 * Sends a part of a blob with the status and headers that `reply` has by now. Where the store can read into
 * our memory, two buffers take turns: one is being filled while the other one is on its way, so a download
 * takes no more memory than these and leaves nothing to collect.
 */
export async function sendObject(
  deps: BlobsDeps,
  reply: FastifyReply,
  blob: StoredBlob,
  range: ByteRange,
): Promise<unknown> {
  const length = range.end - range.start + 1
  if (length === 0) return reply.send('')
  if (!deps.storage.open) return reply.send(await readBlob(deps, blob, range))

  const reader = await deps.storage.open(blob.key)
  try {
    const first = await readFirst(reader, range)
    if (length === first.length) return reply.send(first)

    reply.hijack()
    reply.raw.writeHead(reply.statusCode, reply.getHeaders() as NodeJS.Dict<string | string[]>)
    await sendAll(reader, reply.raw, first, range, (error) => tellBroken(reply.log, error, blob))
    return reply
  } finally {
    await reader.close()
  }
}

/** The first bytes of a range, as many as one buffer holds. */
export async function readFirst(reader: ObjectReader, range: ByteRange): Promise<Buffer> {
  const first = Buffer.allocUnsafeSlow(Math.min(BUFFER_BYTES, range.end - range.start + 1))
  await fill(reader, first, range.start)

  return first
}

/**
 * Sends a range whose first bytes were read, with the headers that `response` has by now, and ends it. Where that fails it
 * breaks the connection, so that the client sees that bytes are missing; `tell` hears why, unless the client has gone.
 */
export async function sendAll(
  reader: ObjectReader,
  response: ServerResponse,
  first: Buffer,
  range: ByteRange,
  tell: (error: unknown) => void,
): Promise<void> {
  try {
    await takeTurns(reader, response, first, range)
  } catch (error) {
    if (!(error instanceof ClientGone)) tell(error)
    response.destroy()
  }
}

/** For the operator: the client was told by the broken connection. */
export function tellBroken(log: Pick<FastifyBaseLogger, 'error'>, error: unknown, blob: StoredBlob): void {
  log.error({ err: error, digest: blob.digest }, 'a download broke off')
}

async function takeTurns(
  reader: ObjectReader,
  response: ServerResponse,
  first: Buffer,
  range: ByteRange,
): Promise<void> {
  const gone = once(response, 'close').then(() => {
    throw new ClientGone()
  })
  gone.catch(ignore)

  let filled: Buffer = first
  let spare: Buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES)
  for (let position = range.start + first.length; ; position += filled.length) {
    const written = write(response, filled)
    const next = spare.subarray(0, Math.min(BUFFER_BYTES, range.end + 1 - position))
    if (next.length > 0) await fill(reader, next, position)
    await Promise.race([written, gone])
    if (next.length === 0) break

    spare = filled
    filled = next
  }
  response.end()
}

function write(response: ServerResponse, chunk: Buffer): Promise<void> {
  const written = new Promise<void>((resolve, reject) => {
    response.write(chunk, (error) => (error ? reject(new ClientGone(error)) : resolve()))
  })
  // Heard of by whoever waits for it; that the reading before may fail first makes it no stray rejection.
  written.catch(ignore)
  return written
}

async function fill(reader: ObjectReader, buffer: Buffer, start: number): Promise<void> {
  for (let done = 0; done < buffer.length; ) {
    const read = await reader.read(buffer.subarray(done), start + done)
    if (read === 0) throw new Error(`the object ends at byte ${start + done}`)
    done += read
  }
}
