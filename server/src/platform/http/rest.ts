import type { FastifyInstance, FastifyPluginAsync, FastifyRequest } from 'fastify'
import { isLightJson } from '../../lib/json-weight.ts'
import { DomainError } from '../errors.ts'
import { createAllowedMethods } from './allowed-methods.ts'
import { handleError, sendError } from './errors.ts'
import { addGuard, type GuardOptions } from './guard.ts'
import { readWhole } from './read-whole.ts'
import { apiHeaders } from './security-headers.ts'
import { compileValidator } from './validator.ts'

export interface RestOptions extends GuardOptions {
  /** The slices' routes, without the prefix. */
  routes: readonly FastifyPluginAsync[]
  /** Whether clients come over TLS, whoever ends it. */
  https: boolean
  /** Largest JSON body in bytes; 1 MiB unless told. */
  bodyLimit?: number
}

/**
 * The REST API as one plugin, to be registered under its prefix (`/api/v2.0`): error list, guard, request id
 * on every answer, JSON bodies only and bounded, 404 and 405 in Harbor's words.
 */
export function restPlugin(options: RestOptions): FastifyPluginAsync {
  return async (app) => {
    const allowed = createAllowedMethods()
    app.setValidatorCompiler(compileValidator)
    app.setErrorHandler(handleError)
    app.addHook('onRequest', async (request, reply) => {
      reply.header('x-request-id', request.id)
      refuseSemicolons(request)
    })
    app.addHook('onRequest', apiHeaders({ https: options.https }))
    app.addHook('onRoute', (route) => {
      for (const method of [route.method].flat()) allowed.add(method, route.url)
    })
    acceptJson(app, options.bodyLimit ?? 1024 * 1024)
    addGuard(app, options)
    app.setNotFoundHandler((request, reply) => {
      const path = pathOf(request)
      // HEAD comes with every GET; the sentence names what was written down.
      const methods = allowed
        .find(path)
        .filter((method, _at, all) => method !== 'HEAD' || !all.includes('GET'))
      if (methods.length === 0) {
        return sendError(reply, { status: 404, code: 'NOT_FOUND', message: `path ${path} was not found` })
      }
      const message = `method ${request.method} is not allowed, but [${methods.join(',')}] are`
      return sendError(reply.header('allow', methods.join(', ')), {
        status: 405,
        code: 'METHOD_NOT_ALLOWED',
        message,
      })
    })
    for (const routes of options.routes) await app.register(routes)
  }
}

function pathOf(request: FastifyRequest): string {
  const end = request.url.indexOf('?')
  return end < 0 ? request.url : request.url.slice(0, end)
}

/** Some readers split a query at semicolons and some do not: what one of them hides from the other is refused. */
function refuseSemicolons(request: FastifyRequest): void {
  const at = request.url.indexOf('?')
  if (at >= 0 && request.url.indexOf(';', at) >= 0) {
    throw new DomainError('bad-request', 'invalid semicolon separator in query')
  }
}

/** Room for a mebibyte of anything that a client sends; what would hold up everybody else for long is refused. */
const JSON_BOUNDS = { values: 200_000, depth: 100, names: 5_000 }

function acceptJson(app: FastifyInstance, bodyLimit: number): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', (request, payload, done) => {
    const announced = Number(request.headers['content-length'] ?? 0)
    readWhole(payload, announced, bodyLimit).then((body) => {
      // A content type on a request without a body is common (DELETE); whether one is needed the schema says.
      if (body.length === 0) done(null, undefined)
      else if (isLightJson(body, JSON_BOUNDS)) void parse(request, body.toString('utf8'), done)
      else done(new DomainError('too-large', 'the body has too many values or fields, or they are too deep'))
    }, done)
  })
}
