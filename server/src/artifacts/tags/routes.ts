import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Wire from '@portolan/api/artifacts'
import { DomainError } from '../../platform/errors.ts'
import { sendTotal, toPage } from '../../platform/http/paging.ts'
import { decodeAgain } from '../../platform/http/path.ts'
import { actorOf } from '../../platform/http/principal.ts'
import { type Fields, parseFilters, parseSort } from '../../platform/http/query.ts'
import { repositoryKey } from '../../repositories/routes.ts'
import { deleteTag } from '../deletion.ts'
import type { TagField } from '../detail-store.ts'
import { withImmutable } from '../immutable.ts'
import { getArtifact, placeOf } from '../reading.ts'
import type { ArtifactsDeps } from '../service.ts'
import { tagToWire } from '../wire.ts'
import { createTag, listTags } from './service.ts'

const FIELDS: Fields<TagField> = { id: 'integer', name: 'string', push_time: 'time', pull_time: 'time' }
const SORTABLE = Object.keys(FIELDS) as TagField[]

const ALL = '/projects/:project_name/repositories/:repository_name/artifacts/:reference/tags'

/** Tags of an artifact. */
export function tagsRoutes(deps: ArtifactsDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      ALL,
      {
        schema: {
          params: Wire.ArtifactParams,
          querystring: Wire.TagListQuery,
          response: { 200: Wire.TagList },
        },
        config: { permission: { project: 'tag:list' } },
      },
      async (request, reply) => {
        const { query } = request
        const list = {
          filters: parseFilters(query.q, FIELDS),
          orders: parseSort(query.sort, SORTABLE),
          page: toPage(query),
        }
        const artifact = await getArtifact(deps, repositoryKey(request), request.params.reference)
        const { tags, total } = await listTags(deps, artifact.id, list)
        sendTotal(request, reply, query, total)
        if (!query.with_immutable_status) return tags.map(tagToWire)
        const [shown] = await withImmutable(deps, artifact.projectId, [{ ...artifact, tags }])
        return (shown?.tags ?? tags).map(tagToWire)
      },
    )

    app.post(
      ALL,
      {
        schema: { params: Wire.ArtifactParams, body: Wire.NewTag },
        config: { permission: { project: 'tag:create' } },
      },
      async (request, reply) => {
        const artifact = await getArtifact(deps, repositoryKey(request), request.params.reference)
        await createTag(deps, artifact, request.body.name, actorOf(request))
        return reply.code(201).send()
      },
    )

    app.delete(
      `${ALL}/:tag_name`,
      { schema: { params: Wire.TagParams }, config: { permission: { project: 'tag:delete' } } },
      async (request, reply) => {
        const name = decodeAgain(request.params.tag_name)
        const artifact = await getArtifact(deps, repositoryKey(request), request.params.reference)
        if (!(await deleteTag(deps, placeOf(artifact), name, actorOf(request), artifact.id))) {
          throw new DomainError('not-found', `tag ${name} attached to artifact ${artifact.id} not found`)
        }
        return reply.send()
      },
    )
  }
}
