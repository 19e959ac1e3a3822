import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { sendError } from '../platform/http/errors.ts'
import { portalHeaders } from '../platform/http/security-headers.ts'

export interface PortalOptions {
  /** Where the built portal is: `index.html` and `assets/`. */
  directory: string
  /** Whether clients come over TLS, whoever ends it. */
  https: boolean
}

const NOT_BUILT = 'The portal is not built. In a checkout, `npm run build -w portal` builds it.\n'
/** Addresses of programs, and files: what is not there is no page of the portal. */
const NO_PAGE = /^\/(api|v2|service|c|assets|devcenter|\.well-known)(\/|$)/

/**
 * Serves the built portal at `/`: its files, and `index.html` for every address that a browser opens and
 * that no other part of the server knows. The files are listed once, when the server starts.
 *
 * It answers whatever no route knows, so it is registered on the root of the server.
 */
export function portalPlugin({ directory, https }: PortalOptions): FastifyPluginAsync {
  return async (app) => {
    const isBuilt = existsSync(join(directory, 'index.html'))
    app.addHook('onRequest', portalHeaders({ https }))
    if (isBuilt) {
      const assets = join(directory, 'assets/')
      await app.register(fastifyStatic, {
        root: directory,
        wildcard: false,
        cacheControl: false,
        setHeaders: (reply, path) => reply.header('cache-control', caching(path.startsWith(assets))),
      })
    } else {
      app.get('/', (_request, reply) => reply.code(503).type('text/plain; charset=utf-8').send(NOT_BUILT))
    }
    app.setNotFoundHandler((request, reply) => {
      const path = pathOf(request)
      if (isBuilt && isPage(request, path)) return reply.sendFile('index.html')
      return sendError(reply, { status: 404, code: 'NOT_FOUND', message: `path ${path} was not found` })
    })
  }
}

/** The portal that belongs to this program: beside the bundle, or as the checkout builds it. */
export function portalDirectory(): string {
  const isSource = import.meta.url.endsWith('.ts')

  return fileURLToPath(new URL(isSource ? '../../../portal/dist/' : './portal/', import.meta.url))
}

/** Names in `assets/` carry a hash of their content; everything else is asked for again each time. */
function caching(isHashed: boolean): string {
  return isHashed ? 'public, max-age=31536000, immutable' : 'no-cache'
}

function isPage(request: FastifyRequest, path: string): boolean {
  const isRead = request.method === 'GET' || request.method === 'HEAD'

  return isRead && !NO_PAGE.test(path) && (request.headers.accept ?? '').includes('text/html')
}

function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? ''
}
