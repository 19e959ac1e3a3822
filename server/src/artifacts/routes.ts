import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Wire from '@portolan/api/artifacts'
import { RepositoryParams } from '@portolan/api/repositories'
import { DomainError } from '../platform/errors.ts'
import { sendTotal } from '../platform/http/paging.ts'
import { actorOf } from '../platform/http/principal.ts'
import { repositoryKey } from '../repositories/routes.ts'
import { findByKey } from '../repositories/service.ts'
import { findRepositoryIds } from '../repositories/store.ts'
import { deleteArtifact } from './deletion.ts'
import { withImmutable } from './immutable.ts'
import { readArtifactList } from './list-query.ts'
import { type DetailedArtifact, describeArtifacts, listArtifacts, type Wanted } from './listing.ts'
import { getArtifact, placeOf } from './reading.ts'
import type { ArtifactsDeps } from './service.ts'
import { toWire } from './wire.ts'

const ALL = '/projects/:project_name/repositories/:repository_name/artifacts'
const ONE = `${ALL}/:reference`

/** Artifacts of a repository and of a project. */
export function artifactsRoutes(deps: ArtifactsDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      ALL,
      {
        schema: {
          params: RepositoryParams,
          querystring: Wire.ArtifactListQuery,
          response: { 200: Wire.ArtifactList },
        },
        config: { permission: { project: 'artifact:list' } },
      },
      async (request, reply) => {
        const { query } = request
        const list = readArtifactList(query)
        const repository = await findByKey(deps, repositoryKey(request))
        const repositoryIds = repository ? [repository.id] : []
        const wanted = wantedOf(query)
        const { artifacts, total } = await listArtifacts(deps, { ...list, repositoryIds }, wanted)
        sendTotal(request, reply, query, total)
        return (await marked(deps, request, artifacts)).map(toWire)
      },
    )

    app.get(
      '/projects/:project_name_or_id/artifacts',
      {
        schema: {
          params: Wire.ProjectArtifactsParams,
          querystring: Wire.ProjectArtifactListQuery,
          response: { 200: Wire.ArtifactList },
        },
        config: { permission: { project: 'artifact:list' } },
      },
      async (request, reply) => {
        // Harbor asks for a login here, in public projects too.
        actorOf(request)
        const { query } = request
        const list = readArtifactList(query)
        const repositoryIds = await findRepositoryIds(deps.db, request.project.id)
        const wanted = wantedOf(query)
        const { artifacts, total } = await listArtifacts(deps, { ...list, repositoryIds }, wanted)
        sendTotal(request, reply, query, total)
        return (await marked(deps, request, artifacts)).map(toWire)
      },
    )

    app.get(
      ONE,
      {
        schema: {
          params: Wire.ArtifactParams,
          querystring: Wire.ArtifactQuery,
          response: { 200: Wire.Artifact },
        },
        config: { permission: { project: 'artifact:read' } },
      },
      async (request) => {
        const artifact = await getArtifact(deps, repositoryKey(request), request.params.reference)
        const [detailed] = await describeArtifacts(deps, [artifact], wantedOf(request.query))
        const [shown] = await marked(deps, request, [detailed as DetailedArtifact])
        return toWire(shown as DetailedArtifact)
      },
    )

    app.delete(
      ONE,
      { schema: { params: Wire.ArtifactParams }, config: { permission: { project: 'artifact:delete' } } },
      async (request, reply) => {
        const key = repositoryKey(request)
        const artifact = await getArtifact(deps, key, request.params.reference)
        const { digest } = artifact
        if (!(await deleteArtifact(deps, placeOf(artifact), digest, actorOf(request)))) {
          throw new DomainError('not-found', `artifact ${key.project}/${key.name}@${digest} not found`)
        }
        return reply.send()
      },
    )
  }
}

/** With what is immutable marked, where the caller asks for it. */
async function marked(
  deps: ArtifactsDeps,
  {
    project,
    query,
  }: { project: { id: number }; query: { with_tag: boolean; with_immutable_status: boolean } },
  artifacts: DetailedArtifact[],
): Promise<DetailedArtifact[]> {
  if (!query.with_tag || !query.with_immutable_status || artifacts.length === 0) return artifacts
  return await withImmutable(deps, project.id, artifacts)
}

function wantedOf(query: {
  with_tag: boolean
  with_label: boolean
  with_accessory: boolean
  with_inherited_accessory: boolean
}): Wanted {
  return {
    tags: query.with_tag,
    labels: query.with_label,
    accessories: query.with_accessory,
    inheritedAccessories: query.with_inherited_accessory,
  }
}
