import Fastify, { type FastifyInstance, type FastifyRequest, LogController } from 'fastify'
import type { Logger } from 'pino'
import type { Config } from '../config/schema.ts'
import { handleError } from '../platform/http/errors.ts'
import { requestId } from '../platform/http/request-id.ts'
import { collapseSlashes } from '../platform/http/slashes.ts'
import { renderError } from '../registry/render-error.ts'
import { answerClientError } from './client-error.ts'
import { watchPace } from './pace.ts'

const CHECK_MILLISECONDS = 10_000
// Names of 255 characters, encoded twice; Fastify's own 100 would refuse half of them.
const MAX_PARAM_LENGTH = 4096

/** The bare HTTP server: whom it believes, how long it waits, what its log lines carry. No routes. */
export function createHttp(
  config: Config,
  log: Logger,
  tls: { cert: Buffer; key: Buffer } | undefined,
): FastifyInstance {
  const { listen } = config
  const heads = {
    headersTimeout: listen.headerTimeoutSeconds * 1000,
    // Node looks this often who is late.
    connectionsCheckingInterval: Math.min(CHECK_MILLISECONDS, listen.headerTimeoutSeconds * 500),
  }
  const options = {
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestId,
    rewriteUrl: collapseSlashes,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    trustProxy: config.trustedProxies.length > 0 ? [...config.trustedProxies] : false,
    // A layer of 100 GiB takes as long as it takes: what is bounded is silence and pace, not duration.
    connectionTimeout: listen.silenceTimeoutSeconds * 1000,
    requestTimeout: 0,
    keepAliveTimeout: listen.keepAliveSeconds * 1000,
    forceCloseConnections: 'idle' as const,
    // What comes on a connection that was kept is answered as ever, and the connection closed behind it.
    return503OnClosing: false,
    ...(tls ? { https: { ...tls, ...heads } } : { http: heads }),
    clientErrorHandler: answerClientError,
    frameworkErrors: (error: Error, request: FastifyRequest, reply: Parameters<typeof handleError>[2]) => {
      if (request.raw.url?.startsWith('/v2')) renderError(error, request, reply)
      else handleError(error as Parameters<typeof handleError>[0], request, reply)
    },
  }

  const app = Fastify(options) as unknown as FastifyInstance
  app.server.maxConnections = listen.maxConnections
  watchPace(app.server, {
    bytesPerSecond: listen.minimumRate,
    overSeconds: listen.minimumRateSeconds,
    onSlow: (address) => log.info({ address }, 'a client was too slow, its connection was closed'),
  })

  return app
}

/** Whether clients come over TLS, whoever ends it. */
export function isOverTls(config: Config): boolean {
  return config.tls.certificate !== undefined || config.externalUrl?.startsWith('https:') === true
}

/** `https://host[:port]` as clients see us: `external_url`, else what the request (or a trusted proxy) says. */
export function externalOrigin(config: Config, request: FastifyRequest): string {
  return config.externalUrl ?? `${request.protocol}://${request.host}`
}
