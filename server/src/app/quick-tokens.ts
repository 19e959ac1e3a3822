import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TokenResponse } from '@portolan/api/token'
import type { Asked } from '../auth/tokens/quick.ts'
import { requestId } from '../platform/http/request-id.ts'
import { ofApiAnswers } from '../platform/http/security-headers.ts'
import type { QuickWay } from './quick-way.ts'

export interface QuickTokensDeps {
  /** Undefined for what goes the long way: at once, or when that is known. */
  findToken(asked: Asked): Promise<TokenResponse | undefined> | undefined
  /** Whether clients come over TLS, whoever ends it. */
  https: boolean
  /** Told of each request that is taken; the answer is called where it goes the long way after all. */
  watch?: ((request: IncomingMessage, response: ServerResponse) => () => void) | undefined
}

const TARGET = '/service/token?'
/** Bodies, and clients that wait to be told to send one. */
const UNUSUAL = ['content-length', 'transfer-encoding', 'expect']

/** The quick way of `GET /service/token`, in front of Fastify: what `findToken` finds is answered as it would be there. */
export function quickTokens(deps: QuickTokensDeps): QuickWay {
  const common = ofApiAnswers(deps)

  async function serve(
    finding: Promise<TokenResponse | undefined>,
    request: IncomingMessage,
    response: ServerResponse,
    goOn: () => void,
  ): Promise<void> {
    const unwatch = deps.watch?.(request, response)
    try {
      const found = await finding
      // Nothing is handed out to a client that is gone.
      if (request.socket.destroyed) return
      if (found) return send(request, response, common, found)
    } catch {
      // Whatever went wrong goes wrong on the long way too, and is told there.
    }
    if (response.headersSent || request.socket.destroyed) return
    unwatch?.()
    goOn()
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

function send(
  request: IncomingMessage,
  response: ServerResponse,
  common: Record<string, string>,
  found: TokenResponse,
): void {
  const text = JSON.stringify(found)
  const headers = {
    'x-request-id': requestId(request),
    ...common,
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
  }
  // As text it goes out together with the headers, in one piece.
  response.writeHead(200, headers).end(text)
}
