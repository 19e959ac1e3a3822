import type { FastifyInstance, FastifyRequest } from 'fastify'
import { within } from '../../platform/tracing/current.ts'
import { parseTraceparent } from '../../platform/tracing/traceparent.ts'
import type { Span, Tracing } from '../../platform/tracing/tracing.ts'
import { type Endpoint, matchTarget } from '../../registry/endpoints.ts'

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** The pattern of a path under `/v2`, which is one route to the server. */
const PATTERNS: Readonly<Record<Endpoint, string>> = {
  base: '/v2/',
  catalog: '/v2/_catalog',
  tags: '/v2/{name}/tags/list',
  referrers: '/v2/{name}/referrers/{digest}',
  'manifest-get': '/v2/{name}/manifests/{reference}',
  'manifest-put': '/v2/{name}/manifests/{reference}',
  'manifest-delete': '/v2/{name}/manifests/{reference}',
  'blob-get': '/v2/{name}/blobs/{digest}',
  'blob-delete': '/v2/{name}/blobs/{digest}',
  'upload-start': '/v2/{name}/blobs/uploads/',
  'upload-status': '/v2/{name}/blobs/uploads/{id}',
  'upload-chunk': '/v2/{name}/blobs/uploads/{id}',
  'upload-finish': '/v2/{name}/blobs/uploads/{id}',
  'upload-cancel': '/v2/{name}/blobs/uploads/{id}',
}

/**
 * Makes each request a span, in the trace of whoever calls where he tells it; to be called before the routes are added. Of the
 * request it tells the pattern of its route, the repository under `/v2`, and no more: no query, header, address or name.
 */
export function traceRequests(app: FastifyInstance, tracing: Tracing): void {
  const spans = new WeakMap<FastifyRequest, Span>()

  app.addHook('onRequest', (request, reply, done) => {
    const method = METHODS.has(request.method) ? request.method : 'OTHER'
    const { route, repository } = routeOf(request)
    const span = tracing.start(route === undefined ? method : `${method} ${route}`, {
      kind: 'server',
      parent: parseTraceparent(request.headers.traceparent),
      attributes: {
        'http.request.method': method,
        'http.route': route,
        'url.scheme': request.protocol,
        'portolan.repository': repository,
        'portolan.request_id': request.id,
      },
    })
    spans.set(request, span)
    // Comes after the last byte, and where the client has gone away.
    reply.raw.once('close', () => {
      const { statusCode } = reply.raw
      span.set({ 'http.response.status_code': statusCode })
      span.end(statusCode >= 500)
    })
    within(span, done)
  })
  // A body that was read meanwhile has led out of it: its events belong to the connection.
  app.addHook('preValidation', (request, _reply, done) => {
    const span = spans.get(request)
    if (span) within(span, done)
    else done()
  })
}

/** From what was registered, never from what was asked for: names are bounded. */
function routeOf(request: FastifyRequest): { route: string | undefined; repository?: string | undefined } {
  const { url } = request.routeOptions
  if (!url?.startsWith('/v2')) return { route: url }
  const [path = ''] = (request.raw.url ?? '').split('?')
  const target = matchTarget(request.method, path)
  if (!target || !('endpoint' in target)) return { route: '/v2/' }

  return { route: PATTERNS[target.endpoint], repository: target.name || undefined }
}
