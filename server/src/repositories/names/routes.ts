import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Wire from '@portolan/api/names'
import { RepositoriesParams, RepositoryParams } from '@portolan/api/repositories'
import type { FastifyRequest } from 'fastify'
import { admitToProject } from '../../access/admission.ts'
import { decide } from '../../access/decide.ts'
import { contextsOf } from '../../members/contexts.ts'
import { findProjectContext } from '../../members/service.ts'
import { sendTotal, toPage } from '../../platform/http/paging.ts'
import { decodeAgain } from '../../platform/http/path.ts'
import { actorOf } from '../../platform/http/principal.ts'
import { dropRepositoryAlias, findRepositoryAliases, type NamesDeps, renameRepository } from './service.ts'
import type { RepositoryAlias } from './store.ts'

const PROJECT = '/projects/:project_name'

/** Renaming and moving repositories, and the former names that still lead to them. */
export function repositoryNamesRoutes(deps: NamesDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.put(
      `${PROJECT}/repositories/:repository_name/name`,
      {
        schema: { operationId: 'renameRepository', params: RepositoryParams, body: Wire.RepositoryNameReq },
        // The old name loses its repository, whatever it is called from now on.
        config: { permission: { project: 'repository:delete' } },
      },
      async (request, reply) => {
        const { project, body } = request
        const repository = decodeAgain(request.params.repository_name)
        const target = await findTarget(deps, request, body.project_name ?? project.name)
        const to = { ...target, repository: body.name ?? repository }
        await renameRepository(deps, { ...project, repository }, to, actorOf(request))
        const name = encodeURIComponent(encodeURIComponent(to.repository))
        return reply
          .header('location', `${app.prefix}/projects/${encodeURIComponent(to.name)}/repositories/${name}`)
          .send()
      },
    )

    app.get(
      `${PROJECT}/repository-aliases`,
      {
        schema: {
          operationId: 'listRepositoryAliases',
          params: RepositoriesParams,
          querystring: Wire.AliasQuery,
          response: { 200: Wire.RepositoryAliasList },
        },
        config: { permission: { project: 'repository:read' } },
      },
      async (request, reply) => {
        const { query } = request
        const { aliases, total } = await findRepositoryAliases(deps, request.project.id, toPage(query))
        sendTotal(request, reply, query, total)
        const contexts = await contextsOf(deps.db, request.principal, [
          ...new Set(aliases.map(({ projectName }) => projectName)),
        ])
        const seen = [...contexts.values()].filter((one) => decide(request.principal, 'repository:list', one))
        return aliases.map((alias) => toWire(alias, new Set(seen.map(({ name }) => name))))
      },
    )

    app.delete(
      `${PROJECT}/repository-aliases/:repository_name`,
      {
        schema: { operationId: 'dropRepositoryAlias', params: RepositoryParams },
        config: { permission: { project: 'repository:delete' } },
      },
      async (request, reply) => {
        const name = decodeAgain(request.params.repository_name)
        await dropRepositoryAlias(deps, request.project, name, actorOf(request))
        return reply.send()
      },
    )
  }
}

/** The project that the repository goes to, where the caller may make repositories; refused alike if hidden or missing. */
async function findTarget(deps: NamesDeps, request: FastifyRequest, name: string) {
  const { principal, project } = request
  const target = name === project.name ? project : await findProjectContext(deps, principal, name, true)
  return admitToProject(principal, ['repository:create', 'repository:push'], target, name)
}

function toWire(alias: RepositoryAlias, visible: ReadonlySet<string>): Wire.RepositoryAlias {
  const { name, creationTime, projectName, repository } = alias
  return {
    name,
    ...(visible.has(projectName) ? { repository: `${projectName}/${repository.name}` } : {}),
    creation_time: creationTime.toISOString(),
  }
}
