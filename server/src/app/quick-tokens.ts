import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TokenResponse } from '@portolan/api/token'
import type { Asked } from '../auth/tokens/quick.ts'
import { answerTo } from '../platform/http/errors.ts'
import { requestId } from '../platform/http/request-id.ts'
import { ofApiAnswers } from '../platform/http/security-headers.ts'
import type { QuickWay } from './quick-way.ts'

export interface QuickTokensDeps {
  /** Undefined for what goes the long way: at once, or when that is known. */
  findToken(asked: Asked): Promise<TokenResponse | undefined> | undefined
  /** Whether clients come over TLS, whoever ends it. */
  https: boolean
  /** Told of what is answered with an error here, and to which request, by its id. */
  tellFailed(error: unknown, id: string): void
  now?: () => number
  /** Told of each request that is taken; the answer is called where it goes the long way after all. */
  watch?: ((request: IncomingMessage, response: ServerResponse) => () => void) | undefined
}

const TARGET = '/service/token?'
/** Bodies, and clients that wait to be told to send one. */
const UNUSUAL = ['content-length', 'transfer-encoding', 'expect']

/** Milliseconds: whoever has waited that long for a database that is away does not wait for it a second time on the long way. */
const PATIENCE = 5000

/** The quick way of `GET /service/token`, in front of Fastify: what `findToken` finds is answered as it would be there. */
export function quickTokens(deps: QuickTokensDeps): QuickWay {
  const common = ofApiAnswers(deps)
  const now = deps.now ?? (() => performance.now())

  async function serve(
    finding: Promise<TokenResponse | undefined>,
    request: IncomingMessage,
    response: ServerResponse,
    goOn: () => void,
  ): Promise<void> {
    const unwatch = deps.watch?.(request, response)
    const begin = now()
    let failed: { error: unknown } | undefined
    try {
      const found = await finding
      // Nothing is handed out to a client that is gone.
      if (request.socket.destroyed) return
      if (found) return send(response, 200, { 'x-request-id': requestId(request), ...common }, found)
    } catch (error) {
      // What went wrong at once may do better on the long way; else it is told there.
      if (now() - begin >= PATIENCE) failed = { error }
    }
    if (response.headersSent || request.socket.destroyed) return
    if (failed) return refuse(request, response, failed.error)
    unwatch?.()
    goOn()
  }

  function refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    const id = requestId(request)
    deps.tellFailed(error, id)
    const { status, code, message } = answerTo(error)
    send(response, status, { 'x-request-id': id, ...common }, { errors: [{ code, message }] })
  }

  return (request, response, goOn) => {
    const { method, url = '', headers } = request
    if (method !== 'GET' || !url.startsWith(TARGET)) return false
    if (UNUSUAL.some((name) => headers[name] !== undefined)) return false
    const { authorization } = headers
    const finding = deps.findToken({ query: url.slice(TARGET.length), authorization })
    if (!finding) return false

    void serve(finding, request, response, goOn)
    return true
  }
}

function send(response: ServerResponse, status: number, headers: Record<string, string>, body: object): void {
  const text = JSON.stringify(body)
  // As text it goes out together with the headers, in one piece.
  response
    .writeHead(status, {
      ...headers,
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(text),
    })
    .end(text)
}
