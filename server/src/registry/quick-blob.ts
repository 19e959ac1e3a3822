import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FindPulledBlob } from '../blobs/lookup.ts'
import { mustRenewOffer, type StoredBlob } from '../blobs/model.ts'
import type { SmallBodies } from '../blobs/small-bodies.ts'
import type { ObjectReader } from '../storage/driver.ts'
import { ACTIONS } from './actions.ts'
import { OF_EVERY_BLOB } from './blobs.ts'
import { mayAct } from './permit.ts'
import { type Asked, keyOf } from './quick-asked.ts'
import { OF_EVERY_ANSWER } from './routes.ts'
import { readFirst, sendAll } from './send-object.ts'

export interface QuickBlobDeps {
  findPulledBlob: FindPulledBlob
  smallBodies: SmallBodies
  /** Of the store. */
  open(key: string): Promise<ObjectReader>
  graceSeconds: number
  /** A download broke off, and not because the client went away. */
  tellBroken(error: unknown, blob: StoredBlob): void
}

/** As text, bodies of up to so many bytes go out together with the headers, in one piece. */
const ONE_PIECE = 16 * 1024

/** GET and HEAD of a whole blob; answers whether it could be answered. */
export async function answerBlob(
  deps: QuickBlobDeps,
  asked: Asked,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const { name, reference: digest, caller } = asked
  const found = await deps.findPulledBlob({ ...keyOf(asked), digest })
  if (request.socket.destroyed) return true
  // Under a former name it is looked for elsewhere.
  if (found?.project.name !== name.project) return false
  const { project, blob } = found
  if (!mayAct(caller, ACTIONS['blob-get'], project, name)) return false
  if (mustRenewOffer(blob.offerTime, new Date(), deps.graceSeconds)) return false

  const headers = headersOf(blob)
  if (request.method === 'HEAD') {
    response.writeHead(200, headers).end()
    return true
  }
  const body = await deps.smallBodies.read(blob)
  if (!body) return await sendLarge(deps, blob, headers, response)

  response.writeHead(200, headers)
  if (body.length > ONE_PIECE) response.end(body)
  else response.end(body.toString('latin1'), 'latin1')
  return true
}

async function sendLarge(
  { open, tellBroken }: QuickBlobDeps,
  blob: StoredBlob,
  headers: ReturnType<typeof headersOf>,
  response: ServerResponse,
): Promise<boolean> {
  const range = { start: 0, end: blob.size - 1 }
  const reader = await open(blob.key)
  try {
    const first = await readFirst(reader, range)
    response.writeHead(200, headers)
    await sendAll(reader, response, first, range, (error) => tellBroken(error, blob))
    return true
  } finally {
    await reader.close()
  }
}

function headersOf({ digest, size }: StoredBlob) {
  return {
    ...OF_EVERY_ANSWER,
    ...OF_EVERY_BLOB,
    'docker-content-digest': digest,
    etag: `"${digest}"`,
    'content-type': 'application/octet-stream',
    'content-length': size,
  }
}
