import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Wire from '@portolan/api/additions'
import type { FastifyRequest } from 'fastify'
import { DomainError } from '../../platform/errors.ts'
import { decodeAgain } from '../../platform/http/path.ts'
import type { AdditionName } from '../processors/processor.ts'
import { type AdditionsDeps, type ArtifactName, getAddition, getNamedArtifact } from './service.ts'

const ADDITIONS = '/projects/:project_name/repositories/:repository_name/artifacts/:reference/additions'

/** `…/artifacts/{reference}/additions/{addition}`: what can be read about an artifact in its blobs. */
export function additionsRoutes(deps: AdditionsDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      `${ADDITIONS}/vulnerabilities`,
      {
        schema: { params: Wire.VulnerabilitiesParams, response: { 200: Wire.Addition } },
        config: { permission: { project: 'artifact-addition:read' } },
      },
      async (request) => {
        await getNamedArtifact(deps, nameOf(request, request.params))
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
          nameOf(request, params),
          params.addition as AdditionName,
        )
        return reply.type(`${mediaType}; charset=utf-8`).send(body)
      },
    )
  }
}

function nameOf(
  request: FastifyRequest,
  params: { repository_name: string; reference: string },
): ArtifactName {
  return {
    project: request.project,
    repository: decodeAgain(params.repository_name),
    reference: params.reference,
  }
}
