import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { CopyQuery } from '@portolan/api/copies'
import { RepositoryParams } from '@portolan/api/repositories'
import { actorOf } from '../../platform/http/principal.ts'
import { repositoryKey } from '../../repositories/routes.ts'
import { type CopyDeps, copyArtifact } from './service.ts'

/** POST `…/artifacts?from=…`: a copy of an artifact from another repository. */
export function copyRoutes(deps: CopyDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.post(
      '/projects/:project_name/repositories/:repository_name/artifacts',
      {
        schema: { params: RepositoryParams, querystring: CopyQuery },
        config: { permission: { project: 'artifact:create' } },
      },
      async (request, reply) => {
        const { project, principal, query } = request
        const { name } = repositoryKey(request)
        const to = { project, repository: name }
        const reference = await copyArtifact(deps, {
          from: query.from,
          to,
          principal,
          actor: actorOf(request),
        })
        // Encoded twice, as Harbor's own links have it: its clients decode twice.
        const path = `/projects/${project.name}/repositories/${encodeURIComponent(encodeURIComponent(name))}`
        return reply.code(201).header('location', `${app.prefix}${path}/artifacts/${reference}`).send()
      },
    )
  }
}
