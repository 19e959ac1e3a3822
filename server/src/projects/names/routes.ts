import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Wire from '@portolan/api/names'
import { ProjectParams } from '@portolan/api/projects'
import { sendTotal, toPage } from '../../platform/http/paging.ts'
import { actorOf } from '../../platform/http/principal.ts'
import { dropProjectAlias, findProjectAliases, type ProjectNamesDeps, renameProject } from './service.ts'

const ONE = '/projects/:project_name_or_id'

/** The name of a project, and the former ones that still lead to it. */
export function projectNamesRoutes(deps: ProjectNamesDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.put(
      `${ONE}/name`,
      {
        schema: { operationId: 'renameProject', params: ProjectParams, body: Wire.ProjectNameReq },
        config: { permission: { project: 'project:update' } },
      },
      async (request, reply) => {
        await renameProject(deps, request.project.id, request.body.name, actorOf(request))
        return reply.send()
      },
    )

    app.get(
      `${ONE}/aliases`,
      {
        schema: {
          operationId: 'listProjectAliases',
          params: ProjectParams,
          querystring: Wire.AliasQuery,
          response: { 200: Wire.ProjectAliasList },
        },
        config: { permission: { project: 'project:read' } },
      },
      async (request, reply) => {
        const { query } = request
        const { aliases, total } = await findProjectAliases(deps, request.project.id, toPage(query))
        sendTotal(request, reply, query, total)
        return aliases.map(({ name, creationTime }) => ({ name, creation_time: creationTime.toISOString() }))
      },
    )

    app.delete(
      `${ONE}/aliases/:alias_name`,
      {
        schema: { operationId: 'dropProjectAlias', params: Wire.ProjectAliasParams },
        config: { permission: { project: 'project:update' } },
      },
      async (request, reply) => {
        await dropProjectAlias(deps, request.project, request.params.alias_name, actorOf(request))
        return reply.send()
      },
    )
  }
}
