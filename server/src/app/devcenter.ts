import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FastifyPluginAsync } from 'fastify'
import { sendError } from '../platform/http/errors.ts'
import { portalHeaders } from '../platform/http/security-headers.ts'

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>Portolan REST interface</title>
<link rel="stylesheet" href="/devcenter/swagger-ui.css">
</head>
<body>
<div id="explorer"></div>
<script src="/devcenter/swagger-ui-bundle.js"></script>
<script src="/devcenter/explorer.js"></script>
</body>
</html>
`

/** Calls go out with the session of the browser, whose CSRF token comes with each answer and is due with each change. */
const SCRIPT = `let token
SwaggerUIBundle({
  dom_id: '#explorer',
  url: '/api/v2.0/openapi.json',
  deepLinking: true,
  docExpansion: 'none',
  filter: true,
  tagsSorter: 'alpha',
  validatorUrl: null,
  responseInterceptor(response) {
    token = response.headers['x-harbor-csrf-token'] ?? token
    return response
  },
  requestInterceptor(request) {
    if (token && request.method !== 'GET') request.headers['X-Harbor-CSRF-Token'] = token
    return request
  },
})
`

/** What of Swagger UI is served; the rest of its package is never published. */
const FILES: Record<string, string> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
}
const A_DAY = 'public, max-age=86400'

/** `/devcenter`: the REST interface to read and to try. Its files are read from disk when somebody asks for them. */
export function devcenterPlugin({
  directory,
  https,
}: {
  directory: string
  https: boolean
}): FastifyPluginAsync {
  return async (app) => {
    app.addHook('onRequest', portalHeaders({ https }))
    app.get('/devcenter', (_request, reply) => reply.type('text/html; charset=utf-8').send(PAGE))
    app.get('/devcenter/', (_request, reply) => reply.redirect('/devcenter'))
    app.get('/devcenter/explorer.js', (_request, reply) =>
      reply.type('text/javascript; charset=utf-8').header('cache-control', 'no-cache').send(SCRIPT),
    )
    for (const [name, type] of Object.entries(FILES)) {
      app.get(`/devcenter/${name}`, (_request, reply) => {
        const file = createReadStream(join(directory, name))
        return new Promise((resolve) => {
          file.once('open', () => resolve(reply.type(type).header('cache-control', A_DAY).send(file)))
          file.once('error', () =>
            resolve(
              sendError(reply, { status: 404, code: 'NOT_FOUND', message: `${name} is not installed` }),
            ),
          )
        })
      })
    }
  }
}

/** Where Swagger UI lies: beside the bundle, or among the packages of the checkout. */
export function explorerDirectory(): string {
  const isSource = import.meta.url.endsWith('.ts')

  return fileURLToPath(
    new URL(isSource ? '../../../node_modules/swagger-ui-dist/' : './devcenter/', import.meta.url),
  )
}
