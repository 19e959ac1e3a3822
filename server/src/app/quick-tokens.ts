import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TokenResponse } from '@portolan/api/token'
import type { Asked } from '../auth/tokens/quick.ts'
import { answerTo } from '../platform/http/errors.ts'
import type { QuickWay } from '../platform/http/quick-way.ts'
import { requestId } from '../platform/http/request-id.ts'
import { ofApiAnswers } from '../platform/http/security-headers.ts'

export interface QuickTokensDeps {
  /** Undefined for what goes the long way: at once, or when that is known. */
  findToken(asked: Asked): Promise<TokenResponse | undefined> | undefined
  /** Whether clients come over TLS, whoever ends it. */
  https: boolean
  /** Told of what is answered with an error here, and to which request, by its id. */
  tellFailed(error: unknown, id: string): void
}

const TARGET = '/service/token?'
/** Bodies, and clients that wait to be told to send one. */
const UNUSUAL = ['content-length', 'transfer-encoding', 'expect']

/** The quick way of `GET /service/token`, in front of Fastify: what `findToken` finds is answered as it would be there. */
export function quickTokens(deps: QuickTokensDeps): QuickWay {
  const common = ofApiAnswers(deps)

  async function answer(
    finding: Promise<TokenResponse | undefined>,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<boolean> {
    const found = await finding
    // Nothing is handed out to a client that is gone.
    if (request.socket.destroyed) return true
    if (found) send(response, 200, { 'x-request-id': requestId(request), ...common }, found)
    return found !== undefined
  }

  function refuse(request: IncomingMessage, response: ServerResponse, error: unknown): boolean {
    const { status, code, message } = answerTo(error)
    if (status !== 503) return false
    const id = requestId(request)
    deps.tellFailed(error, id)
    send(response, status, { 'x-request-id': id, ...common }, { errors: [{ code, message }] })
    return true
  }

  return (request, response) => {
    const { method, url = '', headers } = request
    if (method !== 'GET' || !url.startsWith(TARGET)) return undefined
    if (UNUSUAL.some((name) => headers[name] !== undefined)) return undefined
    const { authorization } = headers
    const finding = deps.findToken({ query: url.slice(TARGET.length), authorization })
    if (!finding) return undefined

    return {
      answered: answer(finding, request, response),
      refuse: (error) => refuse(request, response, error),
    }
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
