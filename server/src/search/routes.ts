import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Project } from '@portolan/api/projects'
import { Search, SearchQuery, type SearchRepository } from '@portolan/api/search'
import type { DetailedProject } from '../projects/listing.ts'
import { toWire } from '../projects/wire.ts'
import { type Found, type SearchDeps, search } from './service.ts'

/** `/search`. */
export function searchRoutes(deps: SearchDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/search',
      {
        schema: { querystring: SearchQuery, response: { 200: Search } },
        config: { permission: 'anonymous' },
      },
      async (request): Promise<Search> => {
        const { projects, repositories } = await search(deps, request.principal, request.query.q)
        return { project: projects.map(projectToWire), repository: repositories.map(repositoryToWire) }
      },
    )
  }
}

/** As in a list, without the owner's name and the allow list. */
function projectToWire(project: DetailedProject): Project {
  const { metadata, repo_count } = toWire(project)
  return { ...toWire(project, false), repo_count, ...(metadata && { metadata }) }
}

function repositoryToWire(found: Found['repositories'][number]): SearchRepository {
  return {
    project_id: found.projectId,
    project_name: found.projectName,
    ...(found.projectPublic ? { project_public: true } : {}),
    repository_name: `${found.projectName}/${found.name}`,
    ...(found.artifacts > 0 ? { artifact_count: found.artifacts } : {}),
    ...(found.pullCount > 0 ? { pull_count: found.pullCount } : {}),
  }
}
