import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Wire from '@portolan/api/additions'
import { DomainError } from '../../platform/errors.ts'
import { repositoryKey } from '../../repositories/routes.ts'
import type { AdditionName } from '../processors/processor.ts'
import { getArtifact } from '../reading.ts'
import { type AdditionsDeps, getAddition } from './service.ts'

const ADDITIONS = '/projects/:project_name/repositories/:repository_name/artifacts/:reference/additions'

/** `…/artifacts/{reference}/additions/{addition}`: what can be read about an artifact in its blobs. */
export function additionsRoutes(deps: AdditionsDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.addHook('onClose', deps.charts.close)
    app.get(
      `${ADDITIONS}/vulnerabilities`,
      {
        schema: { params: Wire.VulnerabilitiesParams, response: { 200: Wire.Addition } },
        config: { permission: { project: 'artifact-addition:read' } },
      },
      async (request) => {
        await getArtifact(deps, repositoryKey(request), request.params.reference)
        throw new DomainError(
          'not-found',
          `no scanner registration configured for project: ${request.project.id}`,
        )
      },
    )

    app.get(
      `${ADDITIONS}/:addition`,
      {
        schema: { params: Wire.AdditionParams, response: { 200: Wire.Addition } },
        config: { permission: { project: 'artifact-addition:read' } },
      },
      async (request, reply) => {
        const { params } = request
        const { mediaType, body } = await getAddition(
          deps,
          repositoryKey(request),
          params.reference,
          params.addition as AdditionName,
        )
        return reply.type(`${mediaType}; charset=utf-8`).send(body)
      },
    )
  }
}
