import type { IncomingMessage, ServerResponse } from 'node:http'
import type { OciError } from '../oci/errors.ts'
import type { QuickWay } from '../platform/http/quick-way.ts'
import type { Caller } from './exchange.ts'
import { readTarget, type Target } from './quick-asked.ts'
import { answerBlob, type QuickBlobDeps } from './quick-blob.ts'
import { answerManifest, type QuickManifestDeps } from './quick-manifest.ts'
import { toOciError } from './render-error.ts'
import { OF_EVERY_ANSWER } from './routes.ts'

export interface QuickPullDeps extends QuickManifestDeps {
  /** Who shows a token that was seen before; undefined at once for any other request. */
  authenticate(authorization: string | undefined): Promise<Caller | undefined> | undefined
  /** Absent where the store is not read into our memory, or answers clients itself. */
  blobs: QuickBlobDeps | undefined
  /** Told of what is answered with an error here. */
  tellFailed(error: unknown, request: IncomingMessage): void
}

/** Conditions, parts, and bodies. */
const UNUSUAL = ['if-none-match', 'range', 'if-range', 'content-length', 'transfer-encoding', 'expect']

/**
 * The quick way of the most frequent requests of all: GET and HEAD of a manifest or blob that is there, by whoever has a token that
 * was seen before and may pull. It asks the database as the long way does, in one question instead of two, and answers the
 * same; what is unusual in any respect it leaves alone, and the long way finds out what to say.
 */
export function quickPull(deps: QuickPullDeps): QuickWay {
  return (request, response) => {
    const { method, headers } = request
    if (method !== 'GET' && method !== 'HEAD') return undefined
    if (UNUSUAL.some((name) => headers[name] !== undefined)) return undefined
    const target = readTarget(request.url ?? '')
    if (!target || (target.kind === 'blobs' && !deps.blobs)) return undefined
    const caller = deps.authenticate(headers.authorization)
    if (!caller) return undefined

    return {
      answered: answer(deps, target, caller, request, response),
      refuse(error) {
        const refusal = toOciError(error)
        if (refusal.status !== 503) return false
        deps.tellFailed(error, request)
        sendError(response, refusal)
        return true
      },
    }
  }
}

/** Whether it could be answered. */
async function answer(
  deps: QuickPullDeps,
  target: Target,
  known: Promise<Caller | undefined>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const caller = await known
  if (!caller) return false
  const asked = { ...target, caller }
  if (asked.kind === 'manifests') return answerManifest(deps, asked, request, response)

  return deps.blobs !== undefined && answerBlob(deps.blobs, asked, request, response)
}

function sendError(response: ServerResponse, { status, headers, entries }: OciError): void {
  const text = JSON.stringify({ errors: entries })
  response
    .writeHead(status, {
      ...OF_EVERY_ANSWER,
      ...headers,
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(text),
    })
    .end(text)
}
