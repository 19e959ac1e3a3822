import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Wire from '@portolan/api/artifacts'
import { actorOf } from '../../platform/http/principal.ts'
import { repositoryKey } from '../../repositories/routes.ts'
import { getArtifact, type ReadingDeps } from '../reading.ts'
import { addArtifactLabel, removeArtifactLabel } from './service.ts'

const ALL = '/projects/:project_name/repositories/:repository_name/artifacts/:reference/labels'

/** `…/artifacts/{reference}/labels`: labels put on an artifact and taken off it. */
export function artifactLabelsRoutes(deps: ReadingDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.post(
      ALL,
      {
        schema: { params: Wire.ArtifactParams, body: Wire.LabelChoice },
        config: { permission: { project: 'artifact-label:create' } },
      },
      async (request, reply) => {
        const artifact = await getArtifact(deps, repositoryKey(request), request.params.reference)
        await addArtifactLabel(deps, artifact, request.body.id, actorOf(request))
        return reply.send()
      },
    )

    app.delete(
      `${ALL}/:label_id`,
      {
        schema: { params: Wire.ArtifactLabelParams },
        config: { permission: { project: 'artifact-label:delete' } },
      },
      async (request, reply) => {
        const artifact = await getArtifact(deps, repositoryKey(request), request.params.reference)
        await removeArtifactLabel(deps, artifact, request.params.label_id, actorOf(request))
        return reply.send()
      },
    )
  }
}
