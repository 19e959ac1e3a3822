import type { FastifyPluginAsync, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import { OciError } from '../oci/errors.ts'
import { matchTarget } from './endpoints.ts'
import type { Exchange, RegistryDeps } from './exchange.ts'
import { runPipeline } from './pipeline.ts'
import { renderError } from './render-error.ts'
import { authenticate } from './steps/authenticate.ts'
import { tellingQuota } from './tell-quota.ts'

/** Headers of every answer. */
export const OF_EVERY_ANSWER = {
  'docker-distribution-api-version': 'registry/2.0',
  'x-content-type-options': 'nosniff',
} as const

const METHODS: HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/**
 * The data plane under `/v2`. One wildcard route: repository names contain slashes, which no router's
 * parameters do; `endpoints.ts` takes the path apart. Bodies are left as streams.
 */
export function registryRoutes(deps: RegistryDeps): FastifyPluginAsync {
  return async (app) => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_request, _payload, done) => done(null))
    app.addHook('onRequest', async (request, reply) => {
      // Bytes of no readable type are bytes all the same; what a manifest is, it says itself.
      if (request.mediaType === undefined) delete request.raw.headers['content-type']
      reply.headers(OF_EVERY_ANSWER)
    })
    app.setErrorHandler((error, request, reply) => renderError(error, request, reply))

    const handle = (request: FastifyRequest, reply: FastifyReply) => dispatch(deps, request, reply)
    app.route({ method: METHODS, url: '/v2', exposeHeadRoute: false, handler: handle })
    app.route({ method: METHODS, url: '/v2/*', exposeHeadRoute: false, handler: handle })
  }
}

async function dispatch(deps: RegistryDeps, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const [path = '', query = ''] = splitOnce(request.raw.url ?? '', '?')
  const target = matchTarget(request.method, path)
  if (target && !('allowed' in target)) {
    const { endpoint, name, reference } = target
    const exchange: Exchange = {
      deps,
      request,
      reply,
      endpoint,
      rawName: name,
      reference,
      query: new URLSearchParams(query),
    }
    return tellingQuota(exchange, () => runPipeline(exchange))
  }

  await authenticate(baseExchange(deps, request, reply))
  if (target) {
    throw new OciError('UNSUPPORTED', {
      message: `method ${request.method} is not allowed`,
      headers: { allow: target.allowed.join(', ') },
    })
  }
  throw new OciError('UNSUPPORTED', { status: 404, message: 'unrecognized request' })
}

function baseExchange(deps: RegistryDeps, request: FastifyRequest, reply: FastifyReply): Exchange {
  return { deps, request, reply, endpoint: 'base', rawName: '', reference: '', query: new URLSearchParams() }
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)

  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}
