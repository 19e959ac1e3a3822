import type { OutboundClient } from '../outbound/client.ts'
import { currentSpan, within } from './current.ts'
import { formatTraceparent } from './traceparent.ts'
import type { Tracing } from './tracing.ts'

/**
 * The same way out, which tells of its calls and hands the trace on. Of an address only the origin is told: paths of
 * receivers are often secrets.
 */
export function traceCalls(client: OutboundClient, tracing: Pick<Tracing, 'start'>): OutboundClient {
  return {
    check: client.check,
    close: client.close,
    async request(request) {
      const url = URL.parse(request.url)
      const port = Number(url?.port || (url?.protocol === 'https:' ? 443 : 80))
      const span = tracing.start(request.method, {
        kind: 'client',
        parent: currentSpan(),
        attributes: {
          'http.request.method': request.method,
          'url.scheme': url?.protocol.slice(0, -1),
          'server.address': url?.hostname,
          'server.port': port,
        },
      })
      try {
        const headers = { ...request.headers, traceparent: formatTraceparent(span) }
        const answer = await within(span, () => client.request({ ...request, headers }))
        span.set({ 'http.response.status_code': answer.status })
        span.end(answer.status >= 400)
        return answer
      } catch (error) {
        span.set({ 'error.type': (error as Error).name })
        span.end(true)
        throw error
      }
    },
  }
}
