import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FindPulledBlob } from '../blobs/lookup.ts'
import { mustRenewOffer, type StoredBlob } from '../blobs/model.ts'
import type { SmallBodies } from '../blobs/small-bodies.ts'
import { ACTIONS } from './actions.ts'
import { OF_EVERY_BLOB } from './blobs.ts'
import { mayAct } from './permit.ts'
import { type Asked, keyOf } from './quick-asked.ts'
import { type OpenObject, wholeOf } from './read-object.ts'
import { OF_EVERY_ANSWER } from './routes.ts'
import { sendBody } from './send-body.ts'
import { sendRange } from './send-object.ts'

export interface QuickBlobDeps {
  findPulledBlob: FindPulledBlob
  smallBodies: SmallBodies
  open: OpenObject
  graceSeconds: number
  /** A download broke off, and not because the client went away. */
  tellBroken(error: unknown, blob: StoredBlob, request: IncomingMessage): void
}

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
  if (body) sendBody(response, headers, body)
  else {
    await sendRange(deps.open, response, blob.key, wholeOf(blob), {
      onReady: () => response.writeHead(200, headers),
      onBroken: (error) => deps.tellBroken(error, blob, request),
    })
  }
  return true
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
