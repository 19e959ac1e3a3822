import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FindPulled } from '../artifacts/lookup.ts'
import type { Artifact } from '../artifacts/model.ts'
import type { Pull } from '../artifacts/pulls/model.ts'
import type { Lru } from '../lib/lru.ts'
import { isDigest } from '../oci/digest.ts'
import { ACTIONS } from './actions.ts'
import { mayAct } from './permit.ts'
import { type Asked, keyOf } from './quick-asked.ts'
import { OF_EVERY_ANSWER } from './routes.ts'
import { sendBody } from './send-body.ts'
import { tellPull } from './tell-pull.ts'

export interface QuickManifestDeps {
  findPulled: FindPulled
  /** Bodies by digest. */
  manifestCache: Pick<Lru<string, Buffer>, 'get'>
  recordPull(pull: Pull): Promise<void> | undefined
  addressOf(request: IncomingMessage): string
}

/** GET and HEAD of a manifest that is at hand; answers whether it could be answered. */
export async function answerManifest(
  deps: QuickManifestDeps,
  asked: Asked,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const { name, reference, caller } = asked
  const found = await deps.findPulled({
    ...keyOf(asked),
    ...(isDigest(reference) ? { digest: reference } : { tag: reference }),
  })
  // Nothing is handed out to a client that is gone, nor is its address known any more.
  if (request.socket.destroyed) return true
  // Under a former name its answer is another one.
  if (found?.project.name !== name.project) return false
  const { project, artifact } = found
  if (!mayAct(caller, ACTIONS['manifest-get'], project, name)) return false
  if (request.method === 'HEAD') {
    response.writeHead(200, headersOf(artifact)).end()
    return true
  }
  const body = deps.manifestCache.get(artifact.digest)
  if (!body) return false

  const address = deps.addressOf(request)
  await tellPull(deps.recordPull, {
    artifact,
    project,
    repository: name.repository,
    reference,
    caller,
    headers: request.headers,
    address,
  })
  sendBody(response, headersOf(artifact), body)
  return true
}

function headersOf({ digest, mediaType, manifestSize }: Artifact) {
  return {
    ...OF_EVERY_ANSWER,
    'docker-content-digest': digest,
    etag: `"${digest}"`,
    'content-type': mediaType,
    'content-length': manifestSize,
  }
}
