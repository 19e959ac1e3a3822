import type { IncomingMessage, ServerResponse } from 'node:http'
import type { OciError } from '../oci/errors.ts'
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
  /** Milliseconds. */
  now?: () => number
  /** Told of each request that is taken; the answer is called where it goes the long way after all. */
  watch?: ((request: IncomingMessage, response: ServerResponse) => () => void) | undefined
}

/** Milliseconds: whoever has waited that long for a database that is away does not wait for it a second time on the long way. */
const PATIENCE = 5000

/** Conditions, parts, and bodies. */
const UNUSUAL = ['if-none-match', 'range', 'if-range', 'content-length', 'transfer-encoding', 'expect']

/**
 * The quick way of the most frequent requests of all: GET and HEAD of a manifest or blob that is there, by whoever has a token that
 * was seen before and may pull. It asks the database as the long way does, in one question instead of two, and answers the
 * same; what is unusual in any respect it leaves alone, and the long way finds out what to say.
 *
 * @returns whether it takes the request; then `goOn` is called where it turns out to be unusual, before anything was answered.
 */
export function quickPull(
  deps: QuickPullDeps,
): (request: IncomingMessage, response: ServerResponse, goOn: () => void) => boolean {
  return (request, response, goOn) => {
    const { method, headers } = request
    if (method !== 'GET' && method !== 'HEAD') return false
    if (UNUSUAL.some((name) => headers[name] !== undefined)) return false
    const target = readTarget(request.url ?? '')
    if (!target || (target.kind === 'blobs' && !deps.blobs)) return false
    const caller = deps.authenticate(headers.authorization)
    if (!caller) return false

    void serve(deps, target, caller, request, response, goOn)
    return true
  }
}

async function serve(
  deps: QuickPullDeps,
  target: Target,
  caller: Promise<Caller | undefined>,
  request: IncomingMessage,
  response: ServerResponse,
  goOn: () => void,
): Promise<void> {
  const unwatch = deps.watch?.(request, response)
  const { now = () => performance.now() } = deps
  const begin = now()
  let failed: OciError | undefined
  try {
    const known = await caller
    if (known && (await answer(deps, { ...target, caller: known }, request, response))) return
  } catch (error) {
    // What went wrong at once may do better on the long way; else it is told there.
    if (now() - begin >= PATIENCE) failed = toOciError(error)
  }
  // Whoever would hear of the end of an answer to nobody waits for ever.
  if (response.headersSent || request.socket.destroyed) return
  if (failed?.status === 503) {
    deps.tellFailed(failed.cause, request)
    return sendError(response, failed)
  }
  unwatch?.()
  goOn()
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

/** Whether it could be answered. */
async function answer(
  deps: QuickPullDeps,
  asked: Target & { caller: Caller },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  if (asked.kind === 'manifests') return answerManifest(deps, asked, request, response)

  return deps.blobs !== undefined && answerBlob(deps.blobs, asked, request, response)
}
