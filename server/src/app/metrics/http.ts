import type { ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Watch } from '../../platform/http/quick-way.ts'
import type { MetricsRegistry } from '../../platform/metrics/registry.ts'
import { type Endpoint, matchTarget } from '../../registry/endpoints.ts'
import { operationName } from '../openapi/document.ts'

const BUCKETS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60]
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** Harbor's name of the operation, and the name that the registry's own metrics have for it. */
const OF_ENDPOINT: Readonly<Record<Endpoint, { operation: string; handler: string }>> = {
  base: { operation: 'v2_others', handler: 'base' },
  catalog: { operation: 'v2_catalog', handler: 'catalog' },
  tags: { operation: 'v2_tags', handler: 'tags' },
  referrers: { operation: 'v2_referrers', handler: 'referrers' },
  'manifest-get': { operation: 'v2_manifest', handler: 'manifest' },
  'manifest-put': { operation: 'v2_manifest', handler: 'manifest' },
  'manifest-delete': { operation: 'v2_manifest', handler: 'manifest' },
  'blob-get': { operation: 'v2_blob', handler: 'blob' },
  'blob-delete': { operation: 'v2_blob', handler: 'blob' },
  'upload-start': { operation: 'v2_blob_upload', handler: 'blob_upload' },
  'upload-status': { operation: 'v2_blob_upload', handler: 'blob_upload_chunk' },
  'upload-chunk': { operation: 'v2_blob_upload', handler: 'blob_upload_chunk' },
  'upload-finish': { operation: 'v2_blob_upload', handler: 'blob_upload_chunk' },
  'upload-cancel': { operation: 'v2_blob_upload', handler: 'blob_upload_chunk' },
}

interface Name {
  operation: string
  /** Undefined for what is no request to the registry. */
  handler: string | undefined
}

/** What is answered in front of the routes besides pulls. */
const QUICK_ROUTE = '/service/token'

const OTHERS = { operation: 'v2_others', handler: undefined }

/**
 * Counts and times every request; to be called before the routes are added.
 *
 * @returns what counts a request that does not come to the routes: a pull, or one for a token
 */
export function measureRequests(app: FastifyInstance, metrics: MetricsRegistry): Watch {
  const inflight = metrics.gauge('harbor_core_http_inflight_requests', 'Requests in flight', [])
  const total = metrics.counter('harbor_core_http_request_total', 'Requests that were answered', [
    'method',
    'code',
    'operation',
  ])
  const duration = metrics.histogram(
    'harbor_core_http_request_duration_seconds',
    'From the request to the last byte of the answer',
    ['method', 'operation'],
    BUCKETS,
  )
  const registryTotal = metrics.counter('registry_http_requests_total', 'Requests to the registry', [
    'handler',
    'method',
    'code',
  ])
  const registryDuration = metrics.histogram(
    'registry_http_request_duration_seconds',
    'Requests to the registry, to the last byte of the answer',
    ['handler', 'method'],
    BUCKETS,
  )

  const names = new Map<string, string>()
  app.addHook('onRoute', ({ method, url, schema, config }) => {
    if (config?.permission === undefined) return
    for (const one of [method].flat()) {
      // HEAD comes with every GET, and is the same operation.
      const name = operationName({ method: one === 'HEAD' ? 'GET' : one, url, schema: schema ?? {} })
      names.set(`${one} ${url}`, name)
    }
  })

  /** The answer takes it back. */
  function measure(asked: string, response: ServerResponse, nameOf: () => Name): () => void {
    const start = performance.now()
    inflight.inc()
    const onClose = () => {
      inflight.dec()
      const seconds = (performance.now() - start) / 1000
      const { operation, handler } = nameOf()
      const method = METHODS.has(asked) ? asked : 'OTHER'
      const code = String(response.statusCode)
      total.inc({ method, code, operation })
      duration.observe({ method, operation }, seconds)
      if (handler !== undefined) {
        registryTotal.inc({ handler, method, code })
        registryDuration.observe({ handler, method }, seconds)
      }
    }
    // Comes after the last byte, and where the client has gone away.
    response.once('close', onClose)
    return () => {
      response.off('close', onClose)
      inflight.dec()
    }
  }

  app.addHook('onRequest', (request, reply, done) => {
    measure(request.method, reply.raw, () => nameOf(request, names))
    done()
  })

  return ({ method = '', url = '' }, response) =>
    measure(method, response, () =>
      url.startsWith('/v2') ? nameInRegistry(method, url) : nameOfRoute(`${method} ${QUICK_ROUTE}`, names),
    )
}

/** From what was registered, never from what was asked for: the names are bounded. */
function nameOf(request: FastifyRequest, names: ReadonlyMap<string, string>): Name {
  const { url } = request.routeOptions
  return url?.startsWith('/v2')
    ? nameInRegistry(request.method, request.raw.url ?? '')
    : nameOfRoute(`${request.method} ${url}`, names)
}

function nameInRegistry(method: string, url: string): Name {
  const [path = ''] = url.split('?')
  const target = matchTarget(method, path)
  return target && 'endpoint' in target ? OF_ENDPOINT[target.endpoint] : OTHERS
}

function nameOfRoute(route: string, names: ReadonlyMap<string, string>): Name {
  return { operation: names.get(route) ?? 'unknown', handler: undefined }
}
