import { randomUUID } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

/** Long enough for every tracing system in use, too short to fill a log with. */
const SANE = /^[A-Za-z0-9][A-Za-z0-9._:/+=@-]{0,127}$/

/**
 * The id of a request, for Fastify's `genReqId`: the caller's `X-Request-Id` where it is at most 128 safe
 * characters, else a new one. It is in every log line and comes back on every answer.
 */
export function requestId(request: { headers: IncomingHttpHeaders }): string {
  const given = request.headers['x-request-id']
  return typeof given === 'string' && SANE.test(given) ? given : randomUUID()
}
