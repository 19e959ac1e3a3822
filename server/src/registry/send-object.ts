import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { FastifyBaseLogger, FastifyReply } from 'fastify'
import type { StoredBlob } from '../blobs/model.ts'
import { type BlobsDeps, readBlob } from '../blobs/service.ts'
import { ignore } from '../lib/ignore.ts'
import type { ByteRange, ObjectReader } from '../storage/driver.ts'
import { fill, type OpenObject, readRange } from './read-object.ts'
import { writeLast } from './send-body.ts'

/** Of each of the two buffers of a download. Larger ones are hardly faster, and slow clients hold them. */
const BUFFER_BYTES = 256 * 1024

/** Nobody listens any more: nothing that an operator must hear of. */
class ClientGone extends Error {
  constructor(cause?: Error) {
    super('the client went away', { cause })
    this.name = 'ClientGone'
  }
}

/** Sends a part of a blob with the status and headers that `reply` has by now. */
export async function sendObject(
  deps: BlobsDeps,
  reply: FastifyReply,
  blob: StoredBlob,
  range: ByteRange,
): Promise<unknown> {
  if (range.end < range.start) return reply.send('')
  const open = deps.storage.open?.bind(deps.storage)
  if (!open) return reply.send(await readBlob(deps, blob, range))

  await sendRange(open, reply.raw, blob.key, range, {
    onReady() {
      reply.hijack()
      reply.raw.writeHead(reply.statusCode, reply.getHeaders() as NodeJS.Dict<string | string[]>)
    },
    onBroken: (error) => tellBroken(reply.log, error, blob),
  })
  return reply
}

export interface Sending {
  /** The first bytes are there: now the head of the answer is to be written. */
  onReady(): void
  /** Hears why no more of them come, unless the client has gone. */
  onBroken(error: unknown): void
}

/**
 * Sends a range of an object as the body of an answer, and ends it. Rejects where not even its first bytes can be read; where others
 * cannot, it breaks the connection, so that the client sees that bytes are missing.
 *
 * Two buffers take turns: one is being filled while the other one is on its way, so a download takes no more memory than
 * these and leaves nothing to collect. A slow client of what fits into one of them keeps no file open.
 */
export async function sendRange(
  open: OpenObject,
  response: ServerResponse,
  key: string,
  range: ByteRange,
  { onReady, onBroken }: Sending,
): Promise<void> {
  if (range.end - range.start < BUFFER_BYTES) {
    const bytes = await readRange(open, key, range)
    onReady()
    writeLast(response, bytes)
    return
  }
  const reader = await open(key)
  try {
    const first = Buffer.allocUnsafeSlow(BUFFER_BYTES)
    await fill(reader, first, range.start)
    onReady()
    await takeTurns(reader, response, first, range).catch((error: unknown) => {
      if (!(error instanceof ClientGone)) onBroken(error)
      response.destroy()
    })
  } finally {
    await reader.close()
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
