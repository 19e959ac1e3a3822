import Fastify, { type FastifyInstance, type FastifyRequest, LogController } from 'fastify'
import type { Logger } from 'pino'
import type { Config } from '../config/schema.ts'
import { handleError } from '../platform/http/errors.ts'
import { requestId } from '../platform/http/request-id.ts'
import { collapseSlashes } from '../platform/http/slashes.ts'
import { renderError } from '../registry/render-error.ts'
import { answerClientError } from './client-error.ts'

// A layer of 100 GiB takes as long as it takes: what is bounded is silence, not duration.
const SILENCE_MILLISECONDS = 300_000
const HEADERS_MILLISECONDS = 60_000
// Longer than the idle time-outs of usual proxies, so that they close connections and not we.
const KEEP_ALIVE_MILLISECONDS = 75_000
// Names of 255 characters, encoded twice; Fastify's own 100 would refuse half of them.
const MAX_PARAM_LENGTH = 4096

/** The bare HTTP server: whom it believes, how long it waits, what its log lines carry. No routes. */
export function createHttp(
  config: Config,
  log: Logger,
  tls: { cert: Buffer; key: Buffer } | undefined,
): FastifyInstance {
  const options = {
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestId,
    rewriteUrl: collapseSlashes,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    trustProxy: config.trustedProxies.length > 0 ? [...config.trustedProxies] : false,
    connectionTimeout: SILENCE_MILLISECONDS,
    requestTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MILLISECONDS,
    forceCloseConnections: 'idle' as const,
    http: { headersTimeout: HEADERS_MILLISECONDS },
    clientErrorHandler: answerClientError,
    frameworkErrors: (error: Error, request: FastifyRequest, reply: Parameters<typeof handleError>[2]) => {
      if (request.raw.url?.startsWith('/v2')) renderError(error, request, reply)
      else handleError(error as Parameters<typeof handleError>[0], request, reply)
    },
  }

  return (tls ? Fastify({ ...options, https: tls }) : Fastify(options)) as unknown as FastifyInstance
}

/** `https://host[:port]` as clients see us: `external_url`, else what the request (or a trusted proxy) says. */
export function externalOrigin(config: Config, request: FastifyRequest): string {
  return config.externalUrl ?? `${request.protocol}://${request.host}`
}
