import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Wire from '@portolan/api/repositories'
import type { FastifyRequest } from 'fastify'
import type { Filter } from '../platform/db/list.ts'
import { DomainError } from '../platform/errors.ts'
import { sendTotal, toPage } from '../platform/http/paging.ts'
import { decodeAgain } from '../platform/http/path.ts'
import { actorOf } from '../platform/http/principal.ts'
import { type Fields, parseFilters, parseSort } from '../platform/http/query.ts'
import { viewerOf } from '../projects/viewer.ts'
import type { RepositoryField, RepositoryScope } from './list-store.ts'
import {
  type CountedRepository,
  type ListingDeps,
  listRepositories,
  type RepositoryListRequest,
  withCounts,
} from './listing.ts'
import {
  type DeletionDeps,
  deleteRepository,
  describeRepository,
  getByKey,
  type RepositoryKey,
} from './service.ts'

export interface RepositoryRoutesDeps extends ListingDeps, DeletionDeps {
  /** Told when a repository was deleted: its rows can go. From `artifacts`. */
  onRepositoryDeleted(): void
}

const FIELDS: Fields<RepositoryField | 'blob_digest'> = {
  repository_id: 'integer',
  id: 'integer',
  name: 'string',
  project_id: 'integer',
  description: 'string',
  pull_count: 'integer',
  creation_time: 'time',
  update_time: 'time',
  blob_digest: 'string',
}

const SORTABLE: readonly RepositoryField[] = [
  'repository_id',
  'id',
  'name',
  'project_id',
  'description',
  'pull_count',
  'creation_time',
  'update_time',
]

const ALL = '/projects/:project_name/repositories'
const ONE = `${ALL}/:repository_name`

/** `/repositories` and `/projects/{project_name}/repositories`. */
export function repositoriesRoutes(deps: RepositoryRoutesDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/repositories',
      {
        schema: { querystring: Wire.RepositoryQuery, response: { 200: Wire.RepositoryList } },
        config: { permission: 'anonymous' },
      },
      async (request, reply) => {
        const list = readList({ viewer: viewerOf(request.principal) }, request.query)
        const { repositories, total } = await listRepositories(deps, list)
        sendTotal(request, reply, request.query, total)
        return repositories.map(toWire)
      },
    )

    app.get(
      ALL,
      {
        schema: {
          params: Wire.RepositoriesParams,
          querystring: Wire.RepositoryQuery,
          response: { 200: Wire.RepositoryList },
        },
        config: { permission: { project: 'repository:list' } },
      },
      async (request, reply) => {
        const list = readList({ projectId: request.project.id }, request.query)
        const { repositories, total } = await listRepositories(deps, list)
        sendTotal(request, reply, request.query, total)
        return repositories.map(toWire)
      },
    )

    app.get(
      ONE,
      {
        schema: { params: Wire.RepositoryParams, response: { 200: Wire.Repository } },
        config: { permission: { project: 'repository:read' } },
      },
      async (request) => {
        const [repository] = await withCounts(deps, [await getByKey(deps, repositoryKey(request))])
        return toWire(repository as CountedRepository)
      },
    )

    app.put(
      ONE,
      {
        schema: { params: Wire.RepositoryParams, body: Wire.RepositoryChange },
        config: { permission: { project: 'repository:update' } },
      },
      async (request, reply) => {
        const description = request.body.description ?? ''
        await describeRepository(deps, repositoryKey(request), description, actorOf(request))
        return reply.send()
      },
    )

    app.delete(
      ONE,
      {
        schema: { params: Wire.RepositoryParams },
        config: { permission: { project: 'repository:delete' } },
      },
      async (request, reply) => {
        await deleteRepository(deps, repositoryKey(request), actorOf(request))
        deps.onRepositoryDeleted()
        return reply.send()
      },
    )
  }
}

/** What a path below `/projects/{project_name}/repositories/{repository_name}` names. */
export function repositoryKey({
  project,
  params,
}: Pick<FastifyRequest, 'project'> & {
  params: { project_name: string; repository_name: string }
}): RepositoryKey {
  return {
    projectId: project.id,
    project: decodeAgain(params.project_name),
    name: decodeAgain(params.repository_name),
  }
}

function readList(
  scope: RepositoryScope,
  query: { q?: string; sort?: string; page: number; page_size: number },
): RepositoryListRequest {
  const filters = parseFilters(query.q, FIELDS)
  const isBlob = (filter: Filter) => filter.field === 'blob_digest'
  const blob = filters.find(isBlob)
  if (blob && blob.op !== 'exact')
    throw new DomainError('bad-request', 'the value of "blob_digest" must be a digest')
  return {
    scope,
    filters: filters.filter((filter) => !isBlob(filter)) as Filter<RepositoryField>[],
    blobDigest: blob && String(blob.value),
    orders: parseSort(query.sort, SORTABLE),
    page: toPage(query),
  }
}

function toWire(repository: CountedRepository): Wire.Repository {
  return {
    id: repository.id,
    project_id: repository.projectId,
    name: `${repository.projectName}/${repository.name}`,
    ...(repository.description === '' ? {} : { description: repository.description }),
    artifact_count: repository.artifacts,
    pull_count: repository.pullCount,
    creation_time: repository.creationTime.toISOString(),
    update_time: repository.updateTime.toISOString(),
  }
}
