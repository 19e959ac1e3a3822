import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Wire from '@portolan/api/trash'
import { sendTotal, toPage } from '../../../platform/http/paging.ts'
import { actorOf } from '../../../platform/http/principal.ts'
import type { Progress } from './model.ts'
import {
  type CountedTrashed,
  getTrashedRepository,
  listTrashedRepositories,
  purgeRepository,
  type RepositoryTrashDeps,
  restoreRepository,
} from './service.ts'

const ALL = '/projects/:project_name/trash/repositories'
const ONE = `${ALL}/:trash_id`
const config = { permission: { project: 'repository:delete' } } as const
// It makes a repository with all that is in it, as pushes do.
const RESTORE_PERMISSION = {
  project: 'repository:delete',
  and: ['repository:push', 'artifact:create', 'tag:create'],
} as const

/** `…/trash/repositories`: deleted repositories, which can be restored whole or purged. */
export function trashedRepositoriesRoutes(deps: RepositoryTrashDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      ALL,
      {
        schema: {
          operationId: 'listTrashedRepositories',
          params: Wire.TrashParams,
          querystring: Wire.TrashQuery,
          response: { 200: Wire.TrashedRepositoryList },
        },
        config,
      },
      async (request, reply) => {
        const page = toPage(request.query)
        const { repositories, total } = await listTrashedRepositories(deps, request.project.id, page)
        sendTotal(request, reply, request.query, total)
        return repositories.map((repository) => toWire(repository))
      },
    )

    app.get(
      ONE,
      {
        schema: {
          operationId: 'getTrashedRepository',
          description:
            'Tells of a restoration that runs, or has failed. 404: it is restored, or gone for good.',
          params: Wire.TrashedParams,
          response: { 200: Wire.TrashedRepository },
        },
        config,
      },
      async (request) => {
        const { project, params } = request
        const { repository, progress } = await getTrashedRepository(deps, project.id, params.trash_id)
        return toWire(repository, progress)
      },
    )

    app.post(
      `${ONE}/restore`,
      {
        schema: {
          operationId: 'restoreRepository',
          description:
            '202: the repository is large, an execution restores it; `Location` tells how far it is.',
          params: Wire.TrashedParams,
          querystring: Wire.RepositoryRestoration,
          response: { 200: Wire.RestoredRepository, 202: Wire.RestoredRepository },
        },
        config: { permission: RESTORE_PERMISSION },
      },
      async (request, reply) => {
        const { project, params, query } = request
        const id = params.trash_id
        const restoration = { project, id, name: query.name, actor: actorOf(request) }
        const { repository, executionId } = await restoreRepository(deps, restoration)
        if (executionId === undefined) return reply.send({ repository })
        const place = `${app.prefix}/projects/${encodeURIComponent(project.name)}/trash/repositories/${id}`
        return reply.code(202).header('location', place).send({ repository, execution_id: executionId })
      },
    )

    app.delete(
      ONE,
      {
        schema: {
          operationId: 'purgeRepository',
          description:
            '200: the bytes are gone, also after a power cut. 202: they go behind the answer, since the repository is large or the store refused.',
          params: Wire.TrashedParams,
        },
        config,
      },
      async (request, reply) => {
        const { project, params } = request
        const isDone = await purgeRepository(deps, project, params.trash_id, actorOf(request))
        return reply.code(isDone ? 200 : 202).send()
      },
    )
  }
}

function toWire(repository: CountedTrashed, progress?: Progress): Wire.TrashedRepository {
  return {
    id: repository.id,
    name: `${repository.projectName}/${repository.name}`,
    artifact_count: repository.artifacts,
    pull_count: repository.pullCount,
    creation_time: repository.creationTime.toISOString(),
    deleted_by: repository.username,
    deletion_time: repository.deletionTime.toISOString(),
    expiry_time: repository.expiryTime.toISOString(),
    restoring: repository.restoreExecution !== undefined,
    ...(progress && {
      restoration: {
        execution_id: progress.executionId,
        status: progress.status,
        ...(progress.message === '' ? {} : { status_message: progress.message }),
        artifacts: progress.total,
        artifacts_done: progress.done,
      },
    }),
  }
}
