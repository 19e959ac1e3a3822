import type { FastifyPluginAsync } from 'fastify'
import Type from 'typebox'
import type { RestRoute } from './route-list.ts'

const DESCRIBED = { operationId: 'getOpenApi', tags: ['openapi'], response: { 200: Type.Unknown() } }

/**
 * `/openapi.json`: the description of the routes, made from what is registered. Nothing of it is made or read
 * before somebody asks.
 */
export function openApiRoutes(routes: readonly RestRoute[], version: string): FastifyPluginAsync {
  return async (app) => {
    let text: string | undefined
    app.get(
      '/openapi.json',
      { schema: DESCRIBED, config: { permission: 'anonymous' } },
      async (_request, reply) => {
        text ??= JSON.stringify((await import('./document.ts')).openApiDocument(routes, version))
        return reply.type('application/json; charset=utf-8').send(text)
      },
    )
  }
}
