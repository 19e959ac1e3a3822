import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { RegistryList, RegistryQuery } from '@portolan/api/registries'
import { sendTotal } from '../../platform/http/paging.ts'

/**
 * Lists of what cannot be made yet, which are empty and say so. Only those that clients read on their way to
 * something that is built: harbor-cli asks for the registries before it creates a project.
 */
export function emptyLists(): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/registries',
      {
        schema: { querystring: RegistryQuery, response: { 200: RegistryList } },
        config: { permission: { system: 'registry:list' } },
      },
      async (request, reply) => {
        sendTotal(request, reply, request.query, 0)
        return []
      },
    )
  }
}
