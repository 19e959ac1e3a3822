import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Wire from '@portolan/api/trash'
import { sendTotal, toPage } from '../../platform/http/paging.ts'
import { actorOf } from '../../platform/http/principal.ts'
import type { TrashedArtifact } from './model.ts'
import { RESTORE_PERMISSION, TRASH_PERMISSION } from './permissions.ts'
import { listTrash, purgeArtifact, restoreArtifact, type TrashDeps } from './service.ts'

const ALL = '/projects/:project_name/trash'
const ONE = `${ALL}/:trash_id`
const config = { permission: TRASH_PERMISSION }

/** `…/trash`: deleted artifacts of a project, which can be restored or purged. */
export function trashRoutes(deps: TrashDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      ALL,
      {
        schema: {
          operationId: 'listTrash',
          params: Wire.TrashParams,
          querystring: Wire.TrashQuery,
          response: { 200: Wire.Trash },
        },
        config,
      },
      async (request, reply) => {
        const { artifacts, total } = await listTrash(deps, request.project.id, toPage(request.query))
        sendTotal(request, reply, request.query, total)
        return artifacts.map(toWire)
      },
    )

    app.post(
      `${ONE}/restore`,
      {
        schema: {
          operationId: 'restoreArtifact',
          params: Wire.TrashedParams,
          response: { 200: Wire.RestoredArtifact },
        },
        config: { permission: RESTORE_PERMISSION },
      },
      async (request) => {
        const { trash_id: id } = request.params
        const { artifact, tags } = await restoreArtifact(deps, request.project.id, id, actorOf(request))
        return { repository: fullName(artifact), digest: artifact.digest, tags }
      },
    )

    app.delete(
      ONE,
      {
        schema: {
          operationId: 'purgeArtifact',
          description:
            '200: the bytes are gone, also after a power cut. 202: the store refused, and is asked again until they are.',
          params: Wire.TrashedParams,
        },
        config,
      },
      async (request, reply) => {
        const { trash_id: id } = request.params
        const isGone = await purgeArtifact(deps, request.project.id, id, actorOf(request))
        return reply.code(isGone ? 200 : 202).send()
      },
    )
  }
}

function fullName({ projectName, repositoryName }: TrashedArtifact): string {
  return `${projectName}/${repositoryName}`
}

function toWire(artifact: TrashedArtifact): Wire.TrashedArtifact {
  return {
    id: artifact.id,
    repository: fullName(artifact),
    digest: artifact.digest,
    media_type: artifact.mediaType,
    ...(artifact.artifactType === undefined ? {} : { artifact_type: artifact.artifactType }),
    size: artifact.size,
    tags: artifact.tags,
    deleted_by: artifact.username,
    deletion_time: artifact.deletionTime.toISOString(),
    expiry_time: artifact.expiryTime.toISOString(),
  }
}
