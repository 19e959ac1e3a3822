import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Wire from '@portolan/api/trash'
import { sendTotal, toPage } from '../../../platform/http/paging.ts'
import { actorOf } from '../../../platform/http/principal.ts'
import { mayRestoreArtifacts } from '../permissions.ts'
import type { TrashDeps } from '../service.ts'
import type { TrashedTag } from './model.ts'
import { listTrashedTags, purgeTag, restoreTag } from './service.ts'

const ALL = '/projects/:project_name/trash/tags'
const ONE = `${ALL}/:trash_id`
const config = { permission: { project: 'tag:delete' } } as const

/** `…/trash/tags`: tags that were deleted alone, which can be restored or purged. */
export function trashedTagsRoutes(deps: TrashDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      ALL,
      {
        schema: {
          operationId: 'listTrashedTags',
          params: Wire.TrashParams,
          querystring: Wire.TrashQuery,
          response: { 200: Wire.TrashedTagList },
        },
        config,
      },
      async (request, reply) => {
        const { tags, total } = await listTrashedTags(deps, request.project.id, toPage(request.query))
        sendTotal(request, reply, request.query, total)
        return tags.map(toWire)
      },
    )

    app.post(
      `${ONE}/restore`,
      {
        schema: {
          operationId: 'restoreTag',
          description:
            'Takes `artifact:delete` and `artifact:create` too where the artifact is in the trash.',
          params: Wire.TrashedParams,
          response: { 200: Wire.RestoredTag },
        },
        config: { permission: { project: 'tag:delete', and: ['tag:create'] } },
      },
      async (request) => {
        const { principal, project, params } = request
        const { tag, restored } = await restoreTag(deps, {
          projectId: project.id,
          id: params.trash_id,
          mayRestore: mayRestoreArtifacts(principal, project),
          actor: actorOf(request),
        })
        return { repository: fullName(tag), tag: tag.name, digest: tag.digest, restored }
      },
    )

    app.delete(
      ONE,
      { schema: { operationId: 'purgeTag', params: Wire.TrashedParams }, config },
      async (request, reply) => {
        await purgeTag(deps, request.project.id, request.params.trash_id, actorOf(request))
        return reply.send()
      },
    )
  }
}

function fullName({ projectName, repositoryName }: TrashedTag): string {
  return `${projectName}/${repositoryName}`
}

function toWire(tag: TrashedTag): Wire.TrashedTag {
  return {
    id: tag.id,
    repository: fullName(tag),
    name: tag.name,
    digest: tag.digest,
    artifact: tag.artifact,
    deleted_by: tag.username,
    deletion_time: tag.deletionTime.toISOString(),
    expiry_time: tag.expiryTime.toISOString(),
  }
}
